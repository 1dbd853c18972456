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
    await expect(requirePort(port, '127.0.0.1')).rejects.toThrow(
      `Port ${port} is already in use by another program. Stop it, or start with PORT=${port + 1} npm start.`,
    );
  });

  it('picks a free one for port 0', async () => {
    await expect(requirePort(0, '127.0.0.1').then((port) => isPortFree(port))).resolves.toBe(true);
  });

  it('moves on from a taken port, and never gives the same one twice', async () => {
    const port = await takenPort();
    const findPort = createPortFinder();
    const given = await Promise.all([findPort(port), findPort(port), findPort(port)]);
    expect(new Set(given).size).toBe(3);
    expect(given).not.toContain(port);
  });
});
