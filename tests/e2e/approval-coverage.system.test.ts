import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConnectionTools, ConnectionView } from '../../contracts/connections.ts';
import { createFakeJira, DEMO_JIRA_USER, type FakeJira } from '../fakes/jira/index.ts';
import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import { auditOf, waits as waitsFor } from '../support/approvals.ts';
import { json } from '../support/doors.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import {
  analysisReply,
  askerOf,
  plannedBy,
  once,
  told,
  toolCall,
  type PlanStepReply,
  type StepReply,
} from '../support/replies.ts';
import { answer, callsOf, callTool, connect, setPolicy } from '../support/tools.ts';

/** What an approval covers, what counts as untrusted, and what an organization can decide about a tool. */
const SAVE = { name: 'save', description: 'Saves a note.', inputSchema: { type: 'object', properties: { q: {} } } };
const FIND = { name: 'find', description: 'Finds notes.', annotations: { readOnlyHint: true, destructiveHint: false } };

let nubabel: Nubabel;
let jira: FakeJira;
let stranger: FakeMcp;
let wiki: FakeMcp;
let strange: ConnectionView;
let member: Person;
beforeAll(async () => {
  [nubabel, jira, stranger, wiki] = await Promise.all([
    startSharedNubabel(),
    createFakeJira(),
    createFakeMcp({ tools: [SAVE, FIND] }),
    createFakeMcp({ tools: [FIND] }),
  ]);
  member = await addPerson(nubabel);
  const auth = { kind: 'api_key', email: DEMO_JIRA_USER.email, apiKey: DEMO_JIRA_USER.token };
  await connect(nubabel, { provider: 'jira', name: 'Jira', url: jira.url, auth, settings: { project: 'OPS' } });
  const none = { kind: 'none' };
  strange = await connect(nubabel, { provider: 'notebook', name: 'Notebook', url: stranger.url, auth: none });
  await connect(nubabel, { provider: 'wiki', name: 'Wiki', url: wiki.url, auth: none, trusted: true });
}, 120_000);
afterAll(async () => {
  await nubabel?.close();
  await Promise.all([jira, stranger, wiki].map((fake) => fake?.close()));
});
afterEach(() => setPolicy(nubabel, {}));

const FILE: PlanStepReply = { id: 'file', kind: 'tool', tool: 'jira__createIssue' };
const summaries = () => jira.issues.map(({ summary }) => summary);
async function planned(
  message: string,
  steps: readonly PlanStepReply[],
  work: Readonly<Record<string, StepReply>> = {},
) {
  nubabel.model.setResponder(
    plannedBy(steps, (id, request) => work[id]?.(request) ?? { text: `The part ${id} is done.\nCONFIDENCE: 0.8` }),
  );
  return (await nubabel.ask(message, { plan: 'always' })).jobId;
}
const agree = async (jobId: string, kind = 'plan') => {
  const asked = await waitsFor(nubabel, jobId, kind);
  expect(await answer(nubabel, asked)).toBe(200);
  return asked;
};
/** An agent that makes these calls, one a turn. */
async function agentCalls(message: string, ...calls: (readonly [string, Record<string, unknown>])[]) {
  nubabel.model.setResponder((request) => {
    if (askerOf(request) === 'analysis') return analysisReply();
    const next = calls[request.allToolResults.length];
    return next ? toolCall(...next) : { text: 'Done.\nCONFIDENCE: 0.9' };
  });
  return (await nubabel.ask(message, { agents: ['engineering'] })).jobId;
}
const reasonsIn = async (jobId: string) => {
  const asked = await waitsFor(nubabel, jobId, 'tool');
  await answer(nubabel, asked, { verdict: 'cancel' });
  return asked.approval?.plan.calls?.map(({ tool, reasons }) => [tool, reasons]);
};

describe('a planned call', () => {
  it('has its one call covered by the approval of the plan: another one, or other arguments, are asked about', async () => {
    const jobId = await planned('Twice instead of once', [told(FILE, 'The one', 'One too many')], {
      file: ({ allToolResults: { length } }) =>
        length === 0
          ? toolCall('jira__createIssue', { summary: 'The one' })
          : length === 1
            ? toolCall('jira__createIssue', { summary: 'One too many' })
            : undefined,
    });
    await agree(jobId);
    const asked = await waitsFor(nubabel, jobId, 'tool');
    expect(asked.approval?.plan.calls).toMatchObject([{ arguments: { summary: 'One too many' }, reasons: ['risk'] }]);
    expect(summaries()).toContain('The one');
    await answer(nubabel, asked, { choice: 'skip' });
    await nubabel.ended(jobId);
    expect(summaries()).not.toContain('One too many');
  });

  it('is asked about with arguments that the approved plan has not shown', async () => {
    const jobId = await planned('Fill it in later', [told(FILE, 'Shown')], {
      file: once('jira__createIssue', { summary: 'Shown', description: 'and never said before' }),
    });
    await agree(jobId);
    const asked = await waitsFor(nubabel, jobId, 'tool');
    expect(asked.approval?.plan.calls).toMatchObject([{ reasons: ['risk'] }]);
    expect(summaries()).not.toContain('Shown');
    expect(await answer(nubabel, asked)).toBe(200);
    await nubabel.ended(jobId);
    expect(summaries()).toContain('Shown');
  });

  it('has only the first of several calls at once covered', async () => {
    const jobId = await planned('Both at once', [told(FILE, 'At once A', 'At once B')], {
      file: ({ allToolResults: { length } }) =>
        length > 0
          ? undefined
          : {
              calls: ['At once A', 'At once B'].map((summary) => ({ name: 'jira__createIssue', input: { summary } })),
            },
    });
    await agree(jobId);
    const asked = await waitsFor(nubabel, jobId, 'tool');
    expect(asked.approval?.plan.calls).toMatchObject([{ arguments: { summary: 'At once B' } }]);
    await answer(nubabel, asked, { choice: 'skip' });
    await nubabel.ended(jobId);
    expect(summaries().filter((one) => one.startsWith('At once'))).toEqual(['At once A']);
  });
});

describe('a plan whose planner has read an untrusted server', () => {
  const steps = [told(FILE, 'Planned under influence')];
  const work = { file: once('jira__createIssue', { summary: 'Planned under influence' }) };

  it('asks about its writes also where plans and writes ask nobody', async () => {
    await setPolicy(nubabel, { plans: 'never', risks: [] });
    const jobId = await planned('Look into Notebook and file it', steps, work);
    expect(await reasonsIn(jobId)).toEqual([['jira__createIssue', ['untrusted_input']]]);
    expect(summaries()).not.toContain('Planned under influence');
    const planner = nubabel.model.requests.filter((one) => askerOf(one) === 'planner').at(-1);
    expect(planner?.system).toContain('notebook__save');
  });

  it('and one whose planner has not is not asked about, though the server is connected', async () => {
    await setPolicy(nubabel, { plans: 'never', risks: [] });
    const jobId = await planned('File the bug', steps, work);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    expect(summaries()).toContain('Planned under influence');
    const planner = nubabel.model.requests.filter((one) => askerOf(one) === 'planner').at(-1);
    expect(planner?.system).not.toContain('notebook__');
  });

  it('asks as well after a conversation that has read what others wrote', async () => {
    await setPolicy(nubabel, { plans: 'never', risks: [] });
    const read = await nubabel.ended(await agentCalls('What is open?', ['jira__getIssues', {}]));
    nubabel.model.setResponder(plannedBy(steps, () => toolCall('jira__createIssue', { summary: 'From before' })));
    const { jobId } = await nubabel.ask('Then file it', { plan: 'always', sessionId: read.sessionId });
    expect(await reasonsIn(jobId)).toEqual([['jira__createIssue', ['untrusted_input']]]);
    const [job] = await nubabel.database.look('select plan_tainted from orchestrations where id = $1', [jobId]);
    expect(job).toEqual({ plan_tainted: true });
  });
});

describe('an untrusted connection', () => {
  it('makes no turn ask that has not read its words', async () => {
    await setPolicy(nubabel, { risks: [] });
    const jobId = await agentCalls('File it', ['jira__createIssue', { summary: 'Nobody spoke to me' }]);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', effects: { done: 1 } });
    const looked = await agentCalls(
      'Look for a notebook, then file it',
      ['tools__search', { query: 'note' }],
      ['jira__createIssue', { summary: 'Somebody did' }],
    );
    expect(await reasonsIn(looked)).toEqual([['jira__createIssue', ['untrusted_input']]]);
  });

  it('asks for an unannotated write as a trusted one does, and its own word lowers nothing', async () => {
    await setPolicy(nubabel, { risks: ['production'], untrusted: false });
    expect((await callTool(nubabel, 'notebook__save', { q: 'delete from t' })).body).toMatchObject({
      status: 'awaiting_approval',
    });
    expect((await callTool(nubabel, 'notebook__find', { q: 'x' })).body).toMatchObject({ status: 'awaiting_approval' });
    expect(stranger.calls()).toEqual([]);
  });
});

describe('a read', () => {
  const KEY = 'sk-live-9f27ac41be0d55';

  it('that carries what another connection has told to a stranger, or a secret to anybody, asks', async () => {
    await decide('notebook__find', { risk: 'read' });
    await setPolicy(nubabel, { risks: [] });
    await callTool(nubabel, 'jira__createIssue', { summary: `The key is ${KEY}` });
    const toStranger = await agentCalls('Look', ['jira__getIssues', {}], ['notebook__find', { q: 'a word' }]);
    expect(await reasonsIn(toStranger)).toEqual([['notebook__find', ['carries_out']]]);
    const secret = await agentCalls('Look', ['jira__getIssues', {}], ['wiki__find', { q: `is ${KEY} known` }]);
    expect(await reasonsIn(secret)).toEqual([['wiki__find', ['carries_out']]]);
    expect([stranger.calls(), wiki.calls()]).toEqual([[], []]);
    const harmless = await agentCalls('Look', ['jira__getIssues', {}], ['wiki__find', { q: 'a word' }]);
    expect(await nubabel.ended(harmless)).toMatchObject({ status: 'completed' });
    const alone = await agentCalls('Look', ['notebook__find', { q: 'a word' }]);
    expect(await nubabel.ended(alone)).toMatchObject({ status: 'completed' });
    await decide('notebook__find', { risk: null });
  });
});

const toolsOf = async (): Promise<ConnectionTools['tools']> =>
  ((await (await nubabel.request(`/api/connections/${strange.id}/tools?refresh=true`)).json()) as ConnectionTools)
    .tools;
const patch = (by: Pick<Person, 'request'>, name: string, body: unknown) =>
  by.request(`/api/connections/${strange.id}/tools/${name}`, { ...json(body), method: 'PATCH' });
async function decide(name: string, what: object): Promise<void> {
  const hash = (await toolsOf()).find((tool) => tool.name === name)?.hash;
  expect((await patch(nubabel, name, { hash, ...what })).status).toBe(200);
}

describe('a tool that the organization always allows', () => {
  it('is an admin’s to name, by the hash that was shown, and is written down', async () => {
    const [tool] = (await toolsOf()).filter(({ name }) => name === 'notebook__save');
    const given = { hash: tool?.hash, alwaysAllow: true };
    expect((await patch(member, 'notebook__save', given)).status).toBe(403);
    expect((await patch(nubabel, 'notebook__save', { alwaysAllow: true })).status).toBe(400);
    expect((await patch(nubabel, 'notebook__save', { hash: tool?.hash })).status).toBe(400);
    expect((await patch(nubabel, 'notebook__save', { ...given, hash: 'another' })).status).toBe(409);
    expect((await patch(nubabel, 'notebook__save', given)).status).toBe(200);
    expect((await auditOf(nubabel, strange.id)).at(-1)).toMatchObject({
      action: 'connection.tool-decided',
      details: { tool: 'notebook__save', alwaysAllow: true },
    });
  });

  it('asks nobody, whatever the turn has read, until the tool changes', async () => {
    await decide('notebook__save', { alwaysAllow: true });
    const jobId = await agentCalls('Note', ['tools__search', { query: 'note' }], ['notebook__save', { q: 'hi' }]);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    expect(await callsOf(nubabel, jobId)).toMatchObject([{}, { tool: 'notebook__save', status: 'done' }]);
    stranger.setTools([{ ...SAVE, description: 'Saves a note, and more.' }, FIND]);
    const [changed] = (await toolsOf()).filter(({ name }) => name === 'notebook__save');
    expect(changed).toMatchObject({ state: 'quarantined', alwaysAllowed: false });
    const accept = (tools: unknown) => nubabel.request(`/api/connections/${strange.id}/accept`, json({ tools }));
    expect((await accept([{ name: 'notebook__save' }])).status).toBe(400);
    expect((await nubabel.request(`/api/connections/${strange.id}/accept`, json({}))).status).toBe(400);
    expect((await accept([{ name: 'notebook__save', hash: changed?.hash }])).status).toBe(200);
    expect((await callTool(nubabel, 'notebook__save', { q: 'again' })).body).toMatchObject({
      status: 'awaiting_approval',
    });
  });
});
