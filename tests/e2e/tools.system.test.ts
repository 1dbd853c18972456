import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createFakeJira, type FakeJira } from '../fakes/jira/index.ts';
import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import { eventually } from '../support/eventually.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { askerOf, toolCall } from '../support/replies.ts';
import {
  answer,
  callsOf,
  callTool,
  connect,
  connectJira,
  effectsOf,
  setDelegation,
  setPolicy,
  waits,
} from '../support/tools.ts';

/** As real servers write them: names that no model API takes, choices at the top, tuples, and one that nobody can read. */
const ODD_TOOLS = [
  {
    name: 'find',
    inputSchema: {
      type: 'object',
      properties: {
        $top: { type: 'integer', exclusiveMinimum: true, minimum: 0, required: true },
        'filter[x]': { type: 'any', description: null, enum: null },
        id: { type: 'integer' },
      },
    },
  },
  {
    name: 'save',
    inputSchema: {
      anyOf: [{ properties: { id: { type: 'string' } }, required: ['id'] }, { properties: { at: { items: [{}] } } }],
    },
  },
  { name: 'wish', inputSchema: { type: 'object', properties: { a: { type: 'wish' } } } },
];

let nubabel: Nubabel;
let jira: FakeJira;
beforeAll(async () => {
  [nubabel, jira] = await Promise.all([startSharedNubabel(), createFakeJira()]);
  await connectJira(nubabel, jira);
}, 120_000);
afterAll(async () => {
  await nubabel?.close();
  await jira?.close();
});
afterEach(() => setPolicy(nubabel, {}));

/** Engineering creates an issue of this summary, then answers with its address. */
const creates = (summary: string) =>
  nubabel.model.setResponder((request) => {
    const [result] = request.allToolResults;
    if (askerOf(request) !== 'engineering') return { text: 'Nobody asked me.' };
    return result
      ? { text: `Created: ${result.text}\nCONFIDENCE: 0.9` }
      : toolCall('jira__createIssue', { summary, type: 'Bug' });
  });
const summaries = () => jira.issues.map(({ summary }) => summary);
const ask = (message = 'File the bug') => nubabel.ask(message, { agents: ['engineering'] });

describe('an agent that changes something', () => {
  it('waits for a human, who sees exactly what would be done, and does it once', async () => {
    creates('Login is broken');
    const { jobId } = await ask();
    const asked = await nubabel.jobWhen(jobId, waits);
    expect(asked.approval).toMatchObject({
      kind: 'tool',
      plan: {
        calls: [
          {
            tool: 'jira__createIssue',
            connection: 'Jira of Acme',
            arguments: { summary: 'Login is broken', type: 'Bug' },
            reasons: ['risk'],
          },
        ],
      },
    });
    expect(summaries()).toEqual([]);
    expect(await answer(nubabel, asked)).toBe(200);
    const done = await nubabel.ended(jobId);
    expect(done).toMatchObject({ status: 'completed', effects: { done: 1, unknown: 0, undoable: 1 } });
    expect(done.result?.primary_result).toContain('OPS-1');
    expect(summaries()).toEqual(['Login is broken']);
    expect(await effectsOf(nubabel, jobId)).toMatchObject([
      { tool: 'jira__createIssue', state: 'DONE', settledBy: 'response', resource: { id: 'OPS-1' }, undo: 'available' },
    ]);
  });

  it('leaves it out when the human says SKIP, and says so', async () => {
    const before = summaries().length;
    creates('Never file this');
    const { jobId } = await ask();
    await answer(nubabel, await nubabel.jobWhen(jobId, waits), { choice: 'skip' });
    await nubabel.ended(jobId);
    expect(summaries()).toHaveLength(before);
    expect(await callsOf(nubabel, jobId)).toMatchObject([{ status: 'declined' }]);
    expect(await effectsOf(nubabel, jobId)).toEqual([]);
  });

  it('asks nobody where the policy lets it', async () => {
    await setPolicy(nubabel, { risks: [] });
    creates('Filed at once');
    const { jobId } = await ask();
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    expect(summaries()).toContain('Filed at once');
  });

  it('asks all the same when it has read untrusted text', async () => {
    await setPolicy(nubabel, { risks: [] });
    nubabel.model.setResponder((request) => {
      const results = request.allToolResults.length;
      if (results === 0) return toolCall('jira__getIssues', {});
      return results === 1 ? toolCall('jira__createIssue', { summary: 'As the issue told me' }) : { text: 'Done.' };
    });
    const { jobId } = await ask('Tidy up the issues');
    const asked = await nubabel.jobWhen(jobId, waits);
    expect(asked.approval?.plan.calls).toMatchObject([{ reasons: ['untrusted_input'] }]);
    expect(summaries()).not.toContain('As the issue told me');
    await answer(nubabel, asked, { choice: 'skip' });
    await nubabel.ended(jobId);
  });

  it('is taken back on demand, and the provider has it no more', async () => {
    await setPolicy(nubabel, { risks: [] });
    creates('A mistake');
    const { jobId } = await ask();
    await nubabel.ended(jobId);
    expect(summaries()).toContain('A mistake');
    const asked = await nubabel.request(`/api/jobs/${jobId}/undo`, { method: 'POST' });
    expect(asked.status).toBe(202);
    // While it being undone it is undoable no more, and not taken back yet.
    await eventually('it to be taken back', async () => (await effectsOf(nubabel, jobId))[0]?.undo === 'DONE');
    expect((await nubabel.status(jobId)).effects).toMatchObject({ undoable: 0 });
    expect(summaries()).not.toContain('A mistake');
    const again = await nubabel.request(`/api/jobs/${jobId}/undo`, { method: 'POST' });
    expect(again.status).toBe(409);
  });
});

describe('a tool over REST', () => {
  it('answers a read at once', async () => {
    const { status, body } = await callTool(nubabel, 'jira__getIssues', {});
    expect({ status, ended: body['status'] }).toEqual({ status: 200, ended: 'completed' });
    expect(JSON.stringify(body['result'])).toContain('OPS-1');
  });

  it('is under the same policy: a change waits for a human and is made once', async () => {
    const { status, body } = await callTool(nubabel, 'jira__createIssue', { summary: 'Over REST' });
    expect({ status, waits: body['status'] }).toEqual({ status: 202, waits: 'awaiting_approval' });
    expect(summaries()).not.toContain('Over REST');
    await answer(nubabel, await nubabel.status(body.jobId));
    expect(await nubabel.ended(body.jobId)).toMatchObject({ status: 'completed' });
    expect(summaries().filter((one) => one === 'Over REST')).toHaveLength(1);
  });

  it('says which argument is wrong, and calls nobody', async () => {
    const before = jira.log.length;
    const { status, body } = await callTool(nubabel, 'jira__createIssue', { summary: 7 });
    expect({ status, detail: body['detail'] }).toMatchObject({
      status: 400,
      detail: expect.stringContaining('summary'),
    });
    expect(jira.log).toHaveLength(before);
  });

  it('does not know a tool that is not there', async () => {
    await expect(callTool(nubabel, 'jira__dropDatabase', {})).resolves.toMatchObject({ status: 404 });
  });

  it('is called once for one idempotency key', async () => {
    await setPolicy(nubabel, { risks: [] });
    const once = { idempotencyKey: 'only-once' };
    const [a, b] = await Promise.all([
      callTool(nubabel, 'jira__createIssue', { summary: 'Only once' }, once),
      callTool(nubabel, 'jira__createIssue', { summary: 'Only once' }, once),
    ]);
    expect(a.body.jobId).toBe(b.body.jobId);
    expect(summaries().filter((one) => one === 'Only once')).toHaveLength(1);
  });

  it('of a coding agent that is not there says what to set', async () => {
    await setDelegation(nubabel, true);
    const { body } = await callTool(nubabel, 'delegate__opencode', { prompt: 'Fix the login' }, { waitMs: 0 });
    await answer(nubabel, await nubabel.jobWhen(body.jobId, waits));
    await nubabel.ended(body.jobId);
    expect(JSON.stringify(await callsOf(nubabel, body.jobId))).toContain('OPENCODE_SIDECAR_URL');
  });
});

describe('a server that writes its tools in its own way', () => {
  let odd: FakeMcp;
  beforeAll(async () => {
    odd = await createFakeMcp({ tools: ODD_TOOLS });
    const body = { provider: 'odd', name: 'Odd', url: odd.url, auth: { kind: 'none' } };
    const made = await connect(nubabel, body);
    expect(made).toMatchObject({ tools: { active: 2 }, unusableTools: [{ tool: 'wish' }] });
  });
  afterAll(() => odd?.close());

  /** Engineering looks the tool up, and calls it so often, one call a turn, with the names that it was told. */
  const calls = (
    tool: string,
    times: number,
    toArguments: (named: (word: string) => string) => Record<string, unknown>,
  ) =>
    nubabel.model.setResponder((request) => {
      if (askerOf(request) !== 'engineering') return { text: 'Nobody asked me.' };
      const [details, ...results] = request.allToolResults;
      if (!details) return toolCall('tools__details', { name: tool });
      if (results.length >= times) return { text: 'Done.\nCONFIDENCE: 0.9' };
      const { inputSchema } = JSON.parse(details.text) as { inputSchema: { properties: object } };
      const names = Object.keys(inputSchema.properties);
      const args = toArguments((word) => names.find((name) => name.startsWith(word)) ?? 'not there');
      return toolCall('tools__execute', { name: tool, arguments: args });
    });

  it('is called by its own names, and no agent’s request fails for it', async () => {
    await setPolicy(nubabel, { risks: [], untrusted: false });
    const id = '1234567890123456789';
    calls('odd__find', 1, (named) => ({ [named('top')]: 3, [named('filter')]: 'open', id }));
    const { jobId } = await ask('Find the odd ones');
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    expect((await callsOf(nubabel, jobId)).at(-1)).toMatchObject({
      tool: 'odd__find',
      status: 'done',
      arguments: { $top: 3, 'filter[x]': 'open', id },
    });
    expect(odd.calls().at(-1)?.params).toMatchObject({ name: 'find', arguments: { $top: 3, 'filter[x]': 'open' } });
  });

  it('is not believed that a change did not happen, and whoever lets it be repeated sees what it said', async () => {
    await setPolicy(nubabel, { risks: [], untrusted: false });
    const before = odd.calls().length;
    odd.setCall(() => ({ result: { content: [{ type: 'text', text: 'Error: request timed out' }], isError: true } }));
    calls('odd__save', 2, () => ({ id: 'a' }));
    const { jobId } = await ask('Save the odd ones');
    const asked = await nubabel.jobWhen(jobId, waits);
    expect(asked.approval).toMatchObject({
      kind: 'effect',
      plan: { evidence: expect.arrayContaining([expect.stringContaining('request timed out')]) },
    });
    expect(odd.calls()).toHaveLength(before + 1);
    await answer(nubabel, asked, { choice: 'skip' });
    const again = await nubabel.jobWhen(jobId, (job) => waits(job) && job.approval?.id !== asked.approval?.id);
    expect(again.approval).toMatchObject({
      kind: 'tool',
      plan: {
        calls: [{ tool: 'odd__save', reasons: ['repeated'] }],
        evidence: [expect.stringMatching(/^Earlier attempt of odd__save: not confirmed.*request timed out/)],
      },
    });
    await answer(nubabel, again, { choice: 'skip' });
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', effects: { done: 0, unknown: 1 } });
    expect(odd.calls()).toHaveLength(before + 1);
  });
});
