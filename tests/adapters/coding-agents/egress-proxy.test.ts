import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { openEgressProxy, type EgressProxy } from '../../../adapters/coding-agents/egress-proxy.ts';

let proxy: EgressProxy | undefined;
const servers: Server[] = [];
afterEach(async () => {
  await proxy?.close();
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function open(given: Partial<Parameters<typeof openEgressProxy>[0]>): Promise<string[]> {
  const refused: string[] = [];
  const onRefused = (target: string) => refused.push(target);
  proxy = await openEgressProxy({ baseUrl: undefined, hosts: [], onRefused, ...given });
  return refused;
}

const dial = async (): Promise<Socket> => {
  const socket = connect({ path: proxy?.socket ?? '' }).on('error', () => {});
  await once(socket, 'connect');
  return socket;
};

/** Everything that comes back until the other side is done. */
async function ask(words: string): Promise<string> {
  const socket = await dial();
  let heard = '';
  socket.on('data', (bytes) => (heard += bytes.toString()));
  socket.write(words);
  await once(socket, 'close');
  return heard;
}
const through = (target: string) => ask(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`);

describe('the proxy of a coding agent', () => {
  it.each(['127.0.0.1', '10.0.0.7', '169.254.169.254', '192.168.1.1', '::1', 'fd00:ec2::254', '::ffff:10.0.0.1'])(
    'reaches no allowed name that leads to %s, alone or among public addresses',
    async (address) => {
      for (const addresses of [[address], ['93.184.216.34', address]]) {
        const refused = await open({ hosts: ['api.example.com'], resolve: async () => addresses });
        expect(await through('api.example.com:443')).toMatch(/^HTTP\/1.1 403 .*does not lead to the public internet/s);
        expect(refused).toEqual(['api.example.com:443']);
        await proxy?.close();
      }
    },
  );

  it.each([
    'other.example.com:443',
    'api.example.com:8443',
    'api.example.com.evil.test:443',
    'evilexample.org:443',
    'example.org:443',
    'api.example.com@evil.test:443',
    'evil.test:443/api.example.com',
    'api.example.com:443#evil',
    '2852039166:443',
    '',
  ])('does not take %s for a host that is allowed, and looks nothing up', async (target) => {
    const asked: string[] = [];
    const resolve = async (name: string) => [asked.push(name) ? '127.0.0.1' : ''];
    await open({ hosts: ['api.example.com', '*.example.org'], resolve });
    expect(await through(target)).toMatch(/^HTTP\/1.1 40[03] /);
    expect(asked).toEqual([]);
  });

  it('carries the model API that the operator has named, wherever it is, and no other port there', async () => {
    const heard: { url?: string; host?: string; names: string[] }[] = [];
    const api = createHttpServer((req, res) => {
      heard.push({ url: req.url, host: req.headers.host, names: Object.keys(req.headers) });
      req.pipe(res);
    });
    const other = await listen(createServer((socket) => socket.end('ours')));
    const port = await listen(api);
    await open({ baseUrl: `http://model.test:${port}/prefix`, resolve: async () => ['127.0.0.1'] });
    const post = (address: string) =>
      `POST ${address} HTTP/1.1\r\nhost: elsewhere.test\r\nproxy-authorization: x\r\ncontent-length: 5\r\n\r\nhello`;
    expect(await ask(post(`http://MODEL.test.:${port}/v1/messages?beta=1`).replace('POST', 'POST'))).toMatch(/hello/);
    expect(heard[0]).toMatchObject({ url: '/v1/messages?beta=1' });
    expect(heard[0]?.host).not.toBe('elsewhere.test');
    expect(heard[0]?.names).not.toContain('proxy-authorization');
    const tunnel = await ask(
      `CONNECT model.test:${port} HTTP/1.1\r\n\r\n${post('/v1/x').replace('content-length', 'connection: close\r\ncontent-length')}`,
    );
    expect(tunnel).toMatch(/200 Connection Established.*hello/s);
    expect(await through(`model.test:${other}`)).toMatch(/^HTTP\/1.1 403 /);
    expect(await ask(post(`http://127.0.0.1:${port}/`))).toMatch(/^HTTP\/1.1 403 /);
  });

  it('says so when a host cannot be reached, ends what is silent, and everything with the run', async () => {
    const port = await listen(createServer((socket) => socket.on('error', () => {})));
    await open({ baseUrl: `http://127.0.0.1:${port}`, idleMs: 300 });
    const silent = await through(`127.0.0.1:${port}`);
    expect(silent).toMatch(/200 Connection Established/);
    await proxy?.close();
    await open({ baseUrl: `http://127.0.0.1:${port}` });
    const socket = await dial();
    socket.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`);
    await once(socket, 'data');
    const ended = once(socket, 'close');
    await proxy?.close();
    await ended;
    expect(existsSync(proxy?.socket ?? '')).toBe(false);
    await open({ baseUrl: 'http://127.0.0.1:1' });
    expect(await through('127.0.0.1:1')).toMatch(/^HTTP\/1.1 502 .*could not be reached/s);
  });

  it.each([
    'HTTP/1.1 000 X\r\n\r\n',
    'HTTP/1.1 099 X\r\n\r\n',
    'HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  ])('outlives an answer that cannot be said on: %j', async (answer) => {
    const port = await listen(createServer((socket) => socket.on('error', () => {}).end(answer)));
    await open({ baseUrl: `http://127.0.0.1:${port}` });
    expect(await ask(`GET http://127.0.0.1:${port}/ HTTP/1.1\r\nhost: x\r\n\r\n`)).toMatch(/^HTTP\/1.1 502 /);
  });

  it('outlives an agent that resets its connections at every moment', async () => {
    const port = await listen(createServer((socket) => socket.on('error', () => {}).end('x'.repeat(100_000))));
    await open({ baseUrl: `http://127.0.0.1:${port}` });
    for (const target of [`127.0.0.1:${port}`, 'refused.test:443'])
      for (const words of [
        `CONNECT ${target} HTTP/1.1\r\n\r\n`,
        `POST http://${target}/ HTTP/1.1\r\ncontent-length: 9\r\n\r\nx`,
      ])
        for (const waitMs of [0, 1, 5, 20]) {
          const socket = await dial();
          socket.write(words);
          await new Promise((done) => setTimeout(done, waitMs));
          socket.destroy();
        }
    expect(await through('refused.test:443')).toMatch(/^HTTP\/1.1 403 /);
  });

  it('takes 64 connections at once and no more', async () => {
    await open({});
    const taken = await Promise.all(Array.from({ length: 64 }, dial));
    const oneMore = await dial();
    await once(oneMore, 'close');
    expect(oneMore.bytesRead).toBe(0);
    expect(taken.every((socket) => !socket.destroyed)).toBe(true);
  });
});
