import { createServer } from 'node:net';
import { StartProblem } from './start-problem.ts';

/** Whether a program of ours could listen there now. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** A port the system picks. */
export function anyFreePort(host = '127.0.0.1'): Promise<number> {
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
  throw new StartProblem(
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
