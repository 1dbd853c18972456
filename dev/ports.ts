import { randomInt } from 'node:crypto';
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

/** Refuses with a sentence that says what to do; port 0 means "any". */
export async function requirePort(port: number, host: string): Promise<number> {
  if (port === 0) return anyFreePort(host);
  if (await isPortFree(port, host)) return port;
  throw new StartError(
    `Port ${port} is already in use by another program. Stop it, or start with PORT=${port + 1} npm start.`,
  );
}

/** Gives out the preferred port or the next free one, and never the same one twice in this process. */
export function createPortFinder(): (preferred: number) => Promise<number> {
  const given = new Set<number>();
  return async (preferred) => {
    for (let port = preferred; port < Math.min(preferred + 100, 65_536); port++) {
      if (given.has(port)) continue;
      given.add(port);
      if (await isPortFree(port)) return port;
      given.delete(port);
    }
    return anyFreePort();
  };
}
