import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { anyFreePort, createPortFinder, isPortFree, requirePort } from '../../dev/ports.ts';

const open: { close(): unknown }[] = [];
afterEach(() => open.splice(0).forEach((server) => server.close()));

async function takenPort(): Promise<number> {
  const port = await anyFreePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  open.push(server);
  return port;
}

describe('ports', () => {
  it('says which port is taken and how to start on another', async () => {
    const port = await takenPort();
    await expect(requirePort({ port, host: '127.0.0.1', isNamed: true })).rejects.toThrow(
      `Port ${port} is already in use by another program. Stop it, or start with PORT=${port + 1} npm start.`,
    );
  });

  it('picks a free one for port 0', async () => {
    const any = requirePort({ port: 0, host: '127.0.0.1', isNamed: true });
    await expect(any.then((port) => isPortFree(port))).resolves.toBe(true);
  });

  it('moves on from a taken port, and never gives the same one twice', async () => {
    const port = await takenPort();
    const findPort = createPortFinder();
    const given = await Promise.all([findPort(port), findPort(port), findPort(port)]);
    expect(new Set(given).size).toBe(3);
    expect(given).not.toContain(port);
  });

  it('moves on with the API as well, where nobody has named its port', async () => {
    const port = await takenPort();
    const given = await requirePort({ port, host: '127.0.0.1', isNamed: false });
    expect(given).toBeGreaterThan(port);
  });

  it('gives no port to two starts at the same moment, though neither listens yet', async () => {
    const port = await anyFreePort();
    const code = `
      import { createPortFinder } from ${JSON.stringify(new URL('../../dev/ports.ts', import.meta.url).href)};
      const findPort = createPortFinder();
      process.stdout.write(JSON.stringify(await Promise.all([findPort(${port}), findPort(${port})])) + '\\n');
      setTimeout(() => {}, 60000);`;
    const starts = [1, 2, 3].map(() => spawn(process.execPath, ['--input-type=module', '-e', code]));
    starts.forEach((start) => open.push({ close: () => start.kill('SIGKILL') }));
    const given = await Promise.all(
      starts.map(async ({ stdout }) => JSON.parse(String((await once(stdout, 'data'))[0])) as number[]),
    );
    expect(new Set(given.flat()).size).toBe(6);
  });
});
