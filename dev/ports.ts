import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';
import { StartError } from './start-error.ts';

/** Whether a program of ours could listen there now. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Below the range from which systems take ports for outgoing connections (32,768 and up on Linux, 49,152 elsewhere). */
const QUIET_PORTS = { from: 12_000, to: 32_000 };
const LOOKS = 40;

/**
 * A port that nobody listens on and that no outgoing connection is given before its program listens there, as happens to
 * ports the system picks.
 */
export async function anyFreePort(host = '127.0.0.1'): Promise<number> {
  const { from, to } = QUIET_PORTS;
  for (let look = 0; look < LOOKS; look++) {
    const port = randomInt(from, to);
    if (await isPortFree(port, host)) return port;
  }
  return portOfTheSystem(host);
}

function portOfTheSystem(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port: 0, host }, () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** Ports that this process has put aside, each held by a socket until it ends. */
const aside = new Map<number, Socket>();

/**
 * Puts a port aside for this process, which is not the same as listening there: a program that is still starting does
 * not listen yet, and another start would be given the same port. Held by a UDP socket, which no server of ours uses: the system
 * gives it to one process and takes it back when that ends. False when another one has it.
 */
function putAside(port: number): Promise<boolean> {
  if (aside.has(port)) return Promise.resolve(false);
  const socket = createSocket('udp4');
  aside.set(port, socket);
  return new Promise((resolve) => {
    socket.once('error', () => {
      aside.delete(port);
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      socket.unref();
      resolve(true);
    });
  });
}

const giveBack = (port: number): void => {
  aside.get(port)?.close();
  aside.delete(port);
};

/** Whether it is ours from now on. */
async function take(port: number, host?: string): Promise<boolean> {
  if (!(await putAside(port))) return false;
  if (await isPortFree(port, host)) return true;
  giveBack(port);
  return false;
}

interface WantedPort {
  readonly port: number;
  readonly host: string;
  /** A person has named it: then another one is not what they want. */
  readonly isNamed: boolean;
}

/** The port of the API: the one that was named, or that or the next free one. Port 0 means "any". */
export async function requirePort({ port, host, isNamed }: WantedPort): Promise<number> {
  if (port === 0) return takeAny(host);
  if (!isNamed) return createPortFinder(host)(port);
  if (await take(port, host)) return port;
  throw new StartError(
    `Port ${port} is already in use by another program. Stop it, or start with PORT=${port + 1} npm start.`,
  );
}

/** Gives out the preferred port or the next free one; neither this process nor another start is given it again. */
export const createPortFinder =
  (host?: string): ((preferred: number) => Promise<number>) =>
  async (preferred) => {
    for (let port = preferred; port < Math.min(preferred + 100, 65_536); port++)
      if (await take(port, host)) return port;
    return takeAny(host);
  };

async function takeAny(host?: string): Promise<number> {
  for (let look = 0; look < LOOKS; look++) {
    const port = await anyFreePort(host);
    if (await putAside(port)) return port;
  }
  return portOfTheSystem(host ?? '127.0.0.1');
}
