import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ConnectionRef } from '../../../../domain/tools/tool-ports.ts';
import { createTenant, type Tenant } from '../../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { eventually } from '../../../support/eventually.ts';
import { never, openHost, options } from './host-fixture.ts';
import { notebook } from './notebook.ts';
import { openNotebookServer, type NotebookServer } from './notebook-server.ts';

let database: TestDatabase;
let acme: Tenant;
let fixture: ReturnType<typeof openHost>;
let server: NotebookServer;
let on: ConnectionRef;
beforeAll(async () => {
  database = await openTestDatabase();
  acme = await createTenant(database.db);
});
afterAll(() => database?.drop());
beforeEach(async () => {
  server = await openNotebookServer();
  fixture = openHost(database, acme);
  on = await fixture.connect({
    provider: 'notion',
    kind: 'first_party',
    url: server.url,
    auth_kind: 'oauth',
    credentials: 'sealed',
  });
  await fixture.host.refresh(on, never);
});
afterEach(async () => {
  await fixture.host.close();
  await server.close();
});

const write = (given: Partial<Parameters<typeof fixture.host.call>[3]> = {}) =>
  fixture.host.call(on, 'write_note', { text: 'hello' }, { ...options, ...given });

describe('a server of ours', () => {
  it('is believed, and says what it can find out and take back', async () => {
    const [tool] = (await fixture.host.offer(fixture.whom, undefined)).tools.filter(
      (one) => one.connectionId === on.connectionId,
    );
    expect(tool).toMatchObject({
      risk: 'write',
      takesEffectKey: true,
      canReadBack: true,
      canUndo: true,
      idempotent: false,
    });
    expect(tool?.definition.inputSchema).toMatchObject({ type: 'object', required: ['text'] });
  });

  it('hands the key of the effect to the provider, and tells progress', async () => {
    const heard: unknown[] = [];
    const result = await write({ effectKey: 'key-1', onProgress: (progress) => heard.push(progress) });
    expect(result).toMatchObject({ data: { id: 'n1', text: 'hello' }, isError: false });
    expect(server.notes).toEqual([{ id: 'n1', text: 'hello', key: 'key-1' }]);
    expect(heard).toEqual([{ message: 'Writing', share: 0.5 }]);
    expect(fixture.host.resource('notion', 'write_note', result, { text: 'hello' })).toEqual({
      id: 'n1',
      url: 'https://notes.example/n1',
    });
  });

  it('refuses arguments that do not fit, as a result that a model can act on', async () => {
    expect(await fixture.host.call(on, 'write_note', { text: 7 }, options)).toMatchObject({ isError: true });
    expect(server.notes).toEqual([]);
  });

  it.each([
    ['the answer is lost after the change', { when: 'after' as const }, 'unknown'],
    ['the provider breaks', { when: 'before' as const, status: 500 }, 'unknown'],
    ['it is too much', { when: 'before' as const, status: 429, retryAfter: '9' }, 'rate_limited'],
  ])('tells failures apart: %s', async (_what, fault, kind) => {
    server.setFault(fault);
    await expect(write()).rejects.toMatchObject({
      name: 'ToolCallError',
      kind,
      retryAfterMs: kind === 'rate_limited' ? 9_000 : undefined,
    });
  });

  it('tells what the provider refused as a result', async () => {
    server.setFault({ when: 'before', status: 400 });
    expect(await write()).toMatchObject({ isError: true, text: 'The notebook answers 400.' });
  });

  it('that is stopped in the middle is never told as not done', async () => {
    const gone = new AbortController();
    const call = write({ signal: gone.signal, onProgress: () => gone.abort() });
    await expect(call).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it('finds out whether a lost change has happened, and takes it back', async () => {
    const before = await fixture.host.before(on, 'write_note', { text: 'hello' }, options);
    expect(before).toEqual({ notes: [] });
    server.setFault({ when: 'after' });
    await expect(write()).rejects.toMatchObject({ kind: 'unknown' });
    server.setFault(undefined);
    const asked = { args: { text: 'hello' }, effectKey: 'k', sentAt: new Date(), before, taken: new Set<string>() };
    const found = await fixture.host.readBack(on, 'write_note', asked, options);
    expect(found).toMatchObject({ happened: { data: { id: 'n1', text: 'hello' }, isError: false } });
    const taken = await fixture.host.readBack(on, 'write_note', { ...asked, taken: new Set(['n1']) }, options);
    expect(taken).toBe('not_happened');
    if (typeof found === 'string') throw new Error(found);
    const done = { args: asked.args, result: found.happened, before, accepted: [] };
    expect(await fixture.host.undo(on, 'write_note', done, options)).toEqual({ said: 'Note n1 is gone.' });
    expect(server.notes).toEqual([]);
  });

  it('is well again once it has said what became of a lost change, in the attempt that lost it', async () => {
    const { host, load } = fixture.attempt;
    const tool = await load(on, 'write_note');
    server.setFault({ when: 'after' });
    await expect(host.call(tool, { text: 'hello' }, options)).rejects.toMatchObject({ kind: 'unknown' });
    expect(await fixture.row(on)).toMatchObject({ failures: 1, health: 'failing' });
    server.setFault(undefined);
    const asked = { args: { text: 'hello' }, effectKey: 'k', sentAt: new Date(), before: {}, taken: new Set<string>() };
    expect(await host.readBack(tool, asked, options)).toMatchObject({ happened: { isError: false } });
    expect(await fixture.row(on)).toMatchObject({ failures: 0, health: 'healthy' });
  });

  it('takes in what a deploy has changed, without anybody', async () => {
    const [tool] = notebook.tools;
    if (!tool) throw new Error('no tool');
    const changed = {
      ...notebook,
      tools: [
        { ...tool, description: 'Writes.' },
        { ...tool, name: 'write_two' },
      ],
    };
    const next = openHost(database, acme, { providers: [changed] });
    await next.host.call(on, 'write_two', { text: 'x' }, options);
    expect(await fixture.states(on)).toEqual({ write_note: 'active', write_two: 'active' });
    await next.host.close();
  });
});

describe('a grant', () => {
  it('is renewed once when the provider does not take it any more, and the call is made once', async () => {
    server.tokens.delete('good');
    expect(await write()).toMatchObject({ isError: false });
    expect(fixture.vault.renewed).toEqual(['good']);
    expect(server.notes).toHaveLength(1);
    await write();
    expect(fixture.vault.renewed).toHaveLength(1);
  });

  it('is renewed for reads too', async () => {
    server.tokens.delete('good');
    expect(await fixture.host.before(on, 'write_note', { text: 'x' }, options)).toEqual({ notes: [] });
  });

  it('that is over is a person’s turn', async () => {
    server.tokens.clear();
    fixture.vault.next = undefined;
    await expect(write()).rejects.toMatchObject({ kind: 'reconnect', message: 'Reconnect the notebook.' });
    await eventually('the note', async () => (await fixture.row(on)).health === 'reconnect');
    expect(await fixture.host.test(on, never)).toMatchObject({ ok: false });
    expect(server.notes).toEqual([]);
  });

  it('is proven by a test that says who we are there', async () => {
    const told = await fixture.host.test(on, never);
    expect(told.ok).toBe(true);
    expect(told.checks[0]).toEqual({ check: 'credentials', ok: true, detail: 'Signed in as Ada.' });
  });
});

describe('a remote server', () => {
  it('cannot look before, find out or take back, and is not asked to', async () => {
    const remote = await fixture.connect({ url: 'http://127.0.0.1:1/mcp' });
    const asked = { args: {}, effectKey: 'k', sentAt: new Date(), before: undefined, taken: new Set<string>() };
    expect(await fixture.host.before(remote, 'act', {}, options)).toBeUndefined();
    expect(await fixture.host.readBack(remote, 'act', asked, options)).toBe('unclear');
    const done = { args: {}, result: { text: '', isError: false }, before: undefined, accepted: [] };
    await expect(fixture.host.undo(remote, 'act', done, options)).rejects.toMatchObject({ kind: 'refused' });
    expect(fixture.host.resource('acme', 'act', done.result, {})).toBeUndefined();
  });

  it('on a private address is never asked in production', async () => {
    const strict = openHost(database, acme, { egress: { allowPrivate: false } });
    const inside = await strict.connect({ url: server.url.replace('http:', 'https:') });
    await expect(strict.host.refresh(inside, never)).rejects.toMatchObject({ kind: 'refused' });
    expect(await strict.row(inside)).toMatchObject({ failures: 0 });
    expect(server.heard).toEqual([]);
    await strict.host.close();
  });
});
