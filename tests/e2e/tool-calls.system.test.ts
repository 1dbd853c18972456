import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ConnectionView } from '../../contracts/connections.ts';
import type { EffectView } from '../../contracts/effects.ts';
import type { ToolCallAnswer } from '../../contracts/tool-calls.ts';
import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import { accepted, expectProblem, json } from '../support/doors.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';

const title = { type: 'object', properties: { title: { type: 'string', maxLength: 20 } }, required: ['title'] };
const TOOLS = [
  { name: 'search', description: 'Finds pages.', annotations: { readOnlyHint: true } },
  { name: 'createPage', description: 'Creates a page.', inputSchema: title, annotations: { destructiveHint: false } },
];

let nubabel: Nubabel;
let server: FakeMcp;
let member: Person;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
  member = await addPerson(nubabel);
}, 90_000);
afterAll(() => nubabel?.close());

let wiki: ConnectionView;
let count = 0;
beforeEach(async () => {
  server = await createFakeMcp({ tools: TOOLS });
  const provider = `wiki${++count}`;
  const body = { provider, name: 'Wiki', url: server.url, auth: { kind: 'none' }, trusted: true };
  wiki = (await (await nubabel.request('/api/connections', json(body))).json()) as ConnectionView;
  expect(wiki).toMatchObject({ tools: { active: 2 } });
});
afterEach(() => server.close());

const call = (tool: string, body: unknown, by: Pick<Person, 'request'> = member, headers = {}) =>
  by.request(`/api/tools/${wiki.slug}__${tool}/call`, json(body, headers));
const answerOf = async (response: Response, status: number): Promise<ToolCallAnswer> => {
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status });
  return JSON.parse(text) as ToolCallAnswer;
};
const effectsOf = async (jobId: string): Promise<EffectView[]> =>
  ((await (await nubabel.request(`/api/jobs/${jobId}/effects`)).json()) as { effects: EffectView[] }).effects;

describe('a tool called by a person', () => {
  it('answers what the tool said, in a job that can be inspected like any other', async () => {
    const answer = await answerOf(await call('search', { arguments: { query: '한글' } }), 200);
    expect(answer).toMatchObject({ status: 'completed', result: { text: '{"query":"한글"}', isError: false } });
    expect(server.calls()).toMatchObject([{ tool: 'search', params: { arguments: { query: '한글' } } }]);
    const job = await nubabel.status(answer.jobId);
    expect(job).toMatchObject({
      message: `Call ${wiki.slug}__search {"query":"한글"}`,
      toolCalls: [{ tool: `${wiki.slug}__search`, connection: 'Wiki', status: 'done', risk: 'read' }],
      effects: { done: 0, unknown: 0, undoable: 0 },
    });
    expect(nubabel.model.requests).toEqual([]);
  });

  it('asks a human before it changes something, shows what with what, and does it once', async () => {
    const asked = await answerOf(await call('createPage', { arguments: { title: 'Launch' } }), 202);
    expect(asked).toMatchObject({
      status: 'awaiting_approval',
      approval: {
        kind: 'tool',
        plan: { calls: [{ tool: `${wiki.slug}__createPage`, arguments: { title: 'Launch' } }] },
      },
    });
    expect(server.calls()).toEqual([]);
    const { id: approvalId, hash } = asked.approval ?? {};
    const answer = await nubabel.request(`/api/jobs/${asked.jobId}/approve`, json({ approvalId, hash }));
    expect(answer.status).toBe(200);
    await nubabel.ended(asked.jobId);
    expect(server.calls()).toHaveLength(1);
    expect(await effectsOf(asked.jobId)).toMatchObject([{ state: 'DONE', settledBy: 'response', attempts: 1 }]);
  });

  it('is not done when a human says no', async () => {
    const asked = await answerOf(await call('createPage', { arguments: { title: 'Launch' } }), 202);
    await nubabel.request(`/api/jobs/${asked.jobId}/cancel`, json({ hash: asked.approval?.hash }));
    await nubabel.ended(asked.jobId);
    expect(server.calls()).toEqual([]);
  });

  it('is one call under one key, however often it is asked for', async () => {
    const body = { arguments: { query: 'once' } };
    const answers = await Promise.all(
      [1, 2, 3].map(async () =>
        answerOf(await call('search', body, member, { 'idempotency-key': `${wiki.slug}-once` }), 200),
      ),
    );
    expect(new Set(answers.map(({ jobId }) => jobId)).size).toBe(1);
    expect(server.calls()).toHaveLength(1);
    const other = { arguments: { query: 'else' }, idempotencyKey: `${wiki.slug}-once` };
    await expectProblem(await call('search', other), 422);
  });

  it('is a job before it has ended when nobody wants to wait', async () => {
    const answer = await answerOf(await call('search', { arguments: {}, waitMs: 0 }), 202);
    expect(answer).not.toHaveProperty('result');
    expect(await nubabel.ended(answer.jobId)).toMatchObject({ status: 'completed' });
  });

  it('tells what the tool found wrong', async () => {
    server.setCall(() => ({ result: { content: [{ type: 'text', text: 'No such page.' }], isError: true } }));
    const { result } = await answerOf(await call('search', { arguments: {} }), 200);
    expect(result).toEqual(expect.objectContaining({ text: 'No such page.', isError: true }));
  });
});

describe('a call that cannot be made', () => {
  it('leaves nothing behind, and says what to do', async () => {
    const before = await accepted(nubabel);
    const mistakes = await expectProblem(
      await call('createPage', { arguments: { title: 'x'.repeat(21), more: 1 } }),
      400,
    );
    expect(mistakes['errors']).toEqual([{ path: 'arguments.title', message: 'must NOT have more than 20 characters' }]);
    await expectProblem(await call('createPage', { arguments: { title: 'a\u0000b' } }), 400);
    await expectProblem(await call('createPage', { arguments: [] }), 400);
    await expectProblem(await call('createPage', { args: {} }), 400);
    await expectProblem(await call('search', { waitMs: 60_001 }), 400);
    await expectProblem(await call('deletePage', { arguments: {} }), 404);
    const guest = await addPerson(nubabel, { role: 'guest' });
    await expectProblem(await call('search', { arguments: {} }, guest), 403);
    const other = await addPerson(nubabel, { newOrganization: 'Other', role: 'admin' });
    await expectProblem(await call('search', { arguments: {} }, other), 404);

    const set = (change: string) => nubabel.database.look(`update connections set ${change} where id = $1`, [wiki.id]);
    const page = `/connections/${wiki.id}`;
    await set(`health = 'reconnect'`);
    expect((await expectProblem(await call('search', { arguments: {} }), 409))['detail']).toContain(page);
    await set(`health = 'healthy', enabled = false`);
    expect((await expectProblem(await call('search', { arguments: {} }), 409))['detail']).toMatch(/turned off/);
    await set('enabled = true');
    server.setTools([{ name: 'search', description: 'Finds pages. And more.' }]);
    await nubabel.request(`/api/connections/${wiki.id}/tools?refresh=true`);
    expect((await expectProblem(await call('search', { arguments: {} }), 409))['detail']).toMatch(
      /until an admin accepts/,
    );
    await expectProblem(await call('createPage', { arguments: { title: 'x' } }), 404);
    expect(await accepted(nubabel)).toEqual(before);
    expect(server.calls()).toEqual([]);
  });
});
