import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { open, person, post, URL_HERE, useSessions } from './served-fixture.ts';

describe('a session', () => {
  it('is found by its owner only, at its provider only', async () => {
    let who = person();
    const { request, connect } = await open({ who: () => who });
    const { id } = await connect('jira');
    const status = async (provider: string) => (await request(`${URL_HERE}/mcp/${provider}`, post(id))).status;
    expect(await status('jira')).toBe(200);
    expect(await status('sentry')).toBe(404);
    who = person({ userId: 'eve' });
    expect(await status('jira')).toBe(404);
    who = person({ organizationId: 'other' });
    expect(await status('jira')).toBe(404);
  });

  it('is begun by initialize only', async () => {
    const { request } = await open();
    expect((await request(`${URL_HERE}/mcp/jira`, post())).status).toBe(400);
    expect((await request(`${URL_HERE}/mcp/jira`, { headers: { accept: 'text/event-stream' } })).status).toBe(400);
    expect((await request(`${URL_HERE}/mcp/jira`, post('mcp-session-made-up'))).status).toBe(404);
  });

  it('is not begun for a provider without a usable connection', async () => {
    const other = await open({ who: () => person({ organizationId: 'other' }) });
    await expect(other.connect('jira')).rejects.toThrow('no usable connection');
    const { connect } = await open();
    await expect(connect('notion')).rejects.toThrow('no usable connection');
    await expect(connect('nowhere')).rejects.toThrow('no usable connection');
  });

  it('ends with DELETE', async () => {
    const { request, connect } = await open();
    const { transport, id } = await connect('jira');
    await transport.terminateSession();
    expect((await request(`${URL_HERE}/mcp/jira`, post(id))).status).toBe(404);
  });

  it('ends when nobody has used it for long', async () => {
    useSessions({ idleMs: 10 });
    const { request, connect } = await open();
    const { id } = await connect('jira');
    const isOver = async () => (await request(`${URL_HERE}/mcp/jira`, post(id))).status === 404;
    await eventually('the end of the session', isOver);
  });

  it('makes room for a new one of the same organization when there are too many', async () => {
    useSessions({ maxPerOrganization: 2 });
    let who = person();
    const { request, connect } = await open({ who: () => who });
    const first = await connect('jira');
    const second = await connect('jira');
    await first.client.ping();
    who = person({ userId: 'bob' });
    await connect('jira');
    who = person();
    expect((await request(`${URL_HERE}/mcp/jira`, post(second.id))).status).toBe(404);
    expect((await request(`${URL_HERE}/mcp/jira`, post(first.id))).status).toBe(200);
  });
});

describe('a request', () => {
  it.each([
    ['another host', { host: 'evil.example' }, 403],
    ['a host that only begins like ours', { host: 'nubabel.example.evil.example' }, 403],
    ['a page of another site', { origin: 'https://evil.example' }, 403],
    ['a page without an origin of its own', { origin: 'null' }, 403],
    ['a page of ours', { origin: URL_HERE }, 404],
    ['this machine by its own name', { host: 'localhost:8080', origin: 'http://127.0.0.1:8080' }, 404],
  ])('from %s is judged by where it was meant to go', async (_name, headers, status) => {
    const { request } = await open();
    const init = post('mcp-session-made-up');
    const response = await request(`${URL_HERE}/mcp/jira`, { ...init, headers: { ...init.headers, ...headers } });
    expect(response.status).toBe(status);
  });

  it('may be large, but not larger than a mebibyte', async () => {
    const { request, connect } = await open();
    const { id } = await connect('jira');
    const body = (size: number) =>
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { pad: 'x'.repeat(size) } });
    const status = async (size: number) =>
      (await request(`${URL_HERE}/mcp/jira`, { ...post(id), body: body(size) })).status;
    expect(await status(900_000)).toBe(200);
    expect(await status(1_100_000)).toBe(413);
  });
});
