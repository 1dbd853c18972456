import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { listen, readBody, type ListeningServer } from '../../../../dev/fakes/http-server.ts';
import { EgressRefusedError } from '../../../../domain/connections/connection-ports.ts';
import { createGuardedFetch } from '../../../../adapters/mcp/host/egress.ts';

interface Heard {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let here: ListeningServer;
let there: ListeningServer;
let heardHere: Heard[];
let heardThere: Heard[];
let answer: (req: IncomingMessage, res: ServerResponse) => void;

const listening = (heard: Heard[], respond: (req: IncomingMessage, res: ServerResponse) => void) =>
  listen(async (req, res) => {
    const body = (await readBody(req)) ?? '';
    heard.push({ method: req.method ?? '', url: req.url ?? '', headers: req.headers, body });
    respond(req, res);
  });
beforeEach(async () => {
  [heardHere, heardThere] = [[], []];
  here = await listening(heardHere, (req, res) => answer(req, res));
  there = await listening(heardThere, (_req, res) => res.end('there'));
});
afterEach(() => Promise.all([here.close(), there.close()]));

const fetchHere = createGuardedFetch({ allowPrivate: true, maxBytes: 10_000, idleMs: 200, headersTimeoutMs: 300 });
const redirectTo = (location: string, status = 302) => {
  answer = (req, res) => {
    if (req.url === '/end') return void res.end('end');
    return void res.writeHead(status, { location }).end();
  };
};
const KEYS = { authorization: 'Bearer secret', cookie: 'a=secret', 'x-api-key': 'secret', 'private-token': 'secret' };

describe('a redirect', () => {
  it('within the origin keeps credentials, method and body where the status says so', async () => {
    redirectTo('/end', 307);
    const answered = await fetchHere(`${here.url}/start`, { method: 'POST', headers: KEYS, body: 'hello' });
    expect(await answered.text()).toBe('end');
    expect(answered.url).toBe(`${here.url}/end`);
    expect(heardHere[1]).toMatchObject({ method: 'POST', body: 'hello', headers: KEYS });
  });

  it('to another origin takes no credentials along, under whatever name', async () => {
    redirectTo(`${there.url}/`);
    const answered = await fetchHere(here.url, { headers: { ...KEYS, accept: 'text/plain' } });
    expect(await answered.text()).toBe('there');
    expect(heardThere).toHaveLength(1);
    expect(heardThere[0]?.headers.accept).toBe('text/plain');
    expect(JSON.stringify(heardThere)).not.toContain('secret');
  });

  it('to another origin takes no body along', async () => {
    redirectTo(`${there.url}/`, 308);
    await expect(fetchHere(here.url, { method: 'POST', body: 'secret' })).rejects.toThrow(EgressRefusedError);
    redirectTo(`${there.url}/`, 303);
    await fetchHere(here.url, { method: 'POST', body: 'secret' });
    expect(heardThere).toMatchObject([{ method: 'GET', body: '' }]);
  });

  it.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'http://user:pass@127.0.0.1/', 'data:,x', 'http://'])(
    'to %s is judged like a first address',
    async (location) => {
      redirectTo(location);
      await expect(fetchHere(here.url)).rejects.toThrow(EgressRefusedError);
    },
  );

  it('is followed five times and no more', async () => {
    redirectTo('/again');
    await expect(fetchHere(here.url)).rejects.toThrow('redirects more than 5 times');
    expect(heardHere).toHaveLength(6);
  });

  it('is left to callers that want it', async () => {
    redirectTo(`${there.url}/`);
    expect((await fetchHere(here.url, { redirect: 'manual' })).headers.get('location')).toBe(`${there.url}/`);
    await expect(fetchHere(here.url, { redirect: 'error' })).rejects.toThrow(EgressRefusedError);
    expect(heardThere).toEqual([]);
  });
});

describe('an answer', () => {
  it('is cut off where it is too long', async () => {
    answer = (_req, res) => res.end('x'.repeat(20_000));
    await expect((await fetchHere(here.url)).text()).rejects.toThrow('longer than 10000 bytes');
  });

  it('is measured after it is unpacked', async () => {
    const bomb = gzipSync('x'.repeat(1_000_000));
    expect(bomb.length).toBeLessThan(10_000);
    answer = (_req, res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    await expect((await fetchHere(here.url)).text()).rejects.toThrow('longer than 10000 bytes');
  });

  it('may be longer when it is a stream of events', async () => {
    answer = (_req, res) => res.writeHead(200, { 'content-type': 'text/event-stream' }).end('x'.repeat(50_000));
    expect(await (await fetchHere(here.url)).text()).toHaveLength(50_000);
  });

  it('is given up when it falls silent, before and after its head', async () => {
    answer = () => undefined;
    await expect(fetchHere(here.url)).rejects.toThrow();
    answer = (_req, res) => void res.writeHead(200).write('half');
    await expect((await fetchHere(here.url)).text()).rejects.toThrow('stopped for 0.2 s');
  });

  it('comes as fetch gives it: status, headers, JSON, no body where there is none', async () => {
    answer = (_req, res) => res.writeHead(418, { 'content-type': 'application/json', 'x-one': '1' }).end('{"a":1}');
    const answered = await fetchHere(new Request(here.url, { method: 'PUT', body: new URLSearchParams({ b: '2' }) }));
    expect(answered).toBeInstanceOf(Response);
    expect([answered.status, answered.ok, answered.headers.get('x-one')]).toEqual([418, false, '1']);
    expect(await answered.json()).toEqual({ a: 1 });
    expect(heardHere[0]).toMatchObject({ method: 'PUT', body: 'b=2' });
    answer = (_req, res) => res.writeHead(204).end();
    expect((await fetchHere(here.url)).body).toBeNull();
  });

  it('is not waited for any longer once the caller has gone', async () => {
    const gone = new AbortController();
    answer = () => gone.abort();
    await expect(fetchHere(here.url, { signal: gone.signal })).rejects.toThrow(/abort/i);
  });
});
