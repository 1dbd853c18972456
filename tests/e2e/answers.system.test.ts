import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { Accepted, AggregatedResult, JobStatus } from '../../contracts/orchestration.ts';
import type { ModelRequest, Reply } from '../../dev/fakes/model/index.ts';
import { json, ORCHESTRATE } from '../support/doors.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { analysisReply, askerOf, specialist } from '../support/replies.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
}, 60_000);
beforeEach(() => nubabel.model.setResponder(specialist()));
afterAll(() => nubabel?.close());

const tooLong = (message: string): Reply => ({ error: { status: 400, type: 'invalid_request_error', message } });
const REFUSED: Reply = { error: { status: 400, type: 'invalid_request_error', message: 'No.' } };
/** Words that are nobody's business, so that the local router abstains. */
const GIBBERISH = 'zxq vbnm qwrt';

const requestsAbout = (text: string): ModelRequest[] =>
  nubabel.model.requests.filter(({ messages }) => messages.some((turn) => turn.text.includes(text)));
const askers = (text: string) => requestsAbout(text).map(askerOf).sort();

describe('what comes back', () => {
  it('is 202 with job, session and status, and nothing else', async () => {
    const response = await nubabel.request(ORCHESTRATE, json({ message: 'Hello there', agents: ['general'] }));
    expect(response.status).toBe(202);
    const body: unknown = await response.json();
    expect(z.strictObject(Accepted.shape).parse(body)).toMatchObject({ status: 'pending' });
  });

  it('is a status document with the documented fields and a weighted merge', async () => {
    nubabel.model.setResponder((request) => ({
      text: askerOf(request) === 'brand' ? 'Blue.\nCONFIDENCE: 0.9' : 'Cheap.\nCONFIDENCE: 0.3',
    }));
    const { jobId } = await nubabel.ask('Which colour?', { agents: ['finance', 'brand'] });
    const job = z.strictObject(JobStatus.shape).parse(await nubabel.ended(jobId));
    expect(job).toMatchObject({ status: 'completed', progress: 100, message: 'Which colour?', demo: false });
    const result = z.strictObject(AggregatedResult.shape).parse(job.result);
    expect(result).toMatchObject({
      primary_result: 'Blue.',
      aggregation_method: 'weighted_merge',
      agents_used: ['brand', 'finance'],
      primary_agent: 'brand',
      missing_agents: [],
    });
    expect(result.supporting_insights).toEqual([
      { agent: 'finance', content: 'Cheap.', confidence: 0.3, weight: expect.closeTo(0.25) },
    ]);
    expect(result.confidence_score).toBeCloseTo(0.75 * 0.9 + 0.25 * 0.3);
    expect(result.execution_time_ms).toBeGreaterThan(0);
    expect(job.agents.every(({ status, costCents, model }) => status === 'done' && costCents > 0 && model)).toBe(true);
    expect(job.costCents).toBeCloseTo(
      job.agents.reduce((sum, { costCents }) => sum + costCents, 0),
      9,
    );
  });

  it('is listed, the newest first', async () => {
    const { jobId } = await nubabel.ask('The newest of all', { agents: ['general'] });
    await nubabel.ended(jobId);
    const { jobs } = (await (await nubabel.request('/api/jobs?limit=2')).json()) as { jobs: JobStatus[] };
    expect(jobs).toHaveLength(2);
    expect(jobs[0]).toEqual(await nubabel.status(jobId));
  });
});

describe('a session', () => {
  it('continues: the second request is asked with the first as its conversation, and both can be read', async () => {
    const first = await nubabel.ask('My dog is called Rex', { agents: ['general'] });
    await nubabel.ended(first.jobId);
    const second = await nubabel.ask('What is my dog called?', { agents: ['general'], sessionId: first.sessionId });
    expect(second.sessionId).toBe(first.sessionId);
    await nubabel.ended(second.jobId);
    expect(requestsAbout('What is my dog called?')[0]?.messages).toMatchObject([
      { role: 'user', text: 'My dog is called Rex' },
      { role: 'assistant', text: 'general has answered.' },
      { role: 'user', text: 'What is my dog called?' },
    ]);
    const session = await (await nubabel.request(`/api/orchestrator/sessions/${first.sessionId}`)).json();
    expect(session).toMatchObject({
      sessionId: first.sessionId,
      source: 'rest',
      messages: [{ role: 'user' }, { role: 'assistant' }, { role: 'user' }, { role: 'assistant' }],
      jobs: [{ jobId: first.jobId }, { jobId: second.jobId }],
    });
  });
});

describe('agents', () => {
  it('work at once in parallel', async () => {
    const before = nubabel.model.requests.length;
    nubabel.model.pause();
    const { jobId } = await nubabel.ask('At once', { agents: ['brand', 'ops', 'growth'], mode: 'parallel' });
    await nubabel.model.waitForRequests(before + 3);
    nubabel.model.resume();
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
  });

  it('are given the earlier answers when they work one after the other', async () => {
    const { jobId } = await nubabel.ask('In turn', { agents: ['brand', 'ops'], mode: 'sequential' });
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    const [brand, ops] = requestsAbout('In turn');
    expect([brand, ops].map((request) => request && askerOf(request))).toEqual(['brand', 'ops']);
    expect(brand?.userText).toBe('In turn');
    expect(ops?.userText).toContain('brand has answered.');
    expect(ops?.userText).not.toContain('CONFIDENCE');
  });

  it('stand in for each other only when one fails', async () => {
    const fine = await nubabel.ask('Stand-in A', { agents: ['brand', 'ops'], mode: 'fallback' });
    expect(await nubabel.ended(fine.jobId)).toMatchObject({ status: 'completed', result: { agents_used: ['brand'] } });
    expect(askers('Stand-in A')).toEqual(['brand']);
    nubabel.model.setResponder((request) => (askerOf(request) === 'brand' ? REFUSED : { text: 'Here I am.' }));
    const failing = await nubabel.ask('Stand-in B', { agents: ['brand', 'ops'], mode: 'fallback' });
    expect(await nubabel.ended(failing.jobId)).toMatchObject({
      status: 'completed',
      result: { agents_used: ['ops'], missing_agents: [{ agent: 'brand' }] },
    });
  });

  it('that fail are named: the job is partial, never a silent success', async () => {
    nubabel.model.setResponder((request) => (askerOf(request) === 'finance' ? REFUSED : { text: 'Ready.' }));
    const { jobId } = await nubabel.ask('Half of it', { agents: ['marketing', 'finance'] });
    expect(await nubabel.ended(jobId)).toMatchObject({
      status: 'partial',
      progress: 100,
      result: {
        agents_used: ['marketing'],
        missing_agents: [{ agent: 'finance', reason: expect.stringMatching(/\S/) }],
      },
      error: { code: 'model_refused' },
    });
  });

  it.each<[string, Reply, string, RegExp]>([
    ['what it will not say', { text: 'No.', stopReason: 'refusal' }, 'model_declined', /content policy/],
    ['nothing', { text: ' \n' }, 'model_empty', /empty answer/],
    ['nothing but thoughts', { thinking: 'Hm. Let me see.', text: '' }, 'model_empty', /empty answer/],
    [
      'that the prompt is too long',
      tooLong('prompt is too long: 250000 tokens > 200000 maximum'),
      'model_too_long',
      /shorten/,
    ],
    ['that nobody pays', tooLong('Your credit balance is too low to access the API.'), 'model_billing', /billing/],
    [
      'that its content filter said no',
      tooLong('Output blocked by content filtering policy'),
      'model_declined',
      /policy/,
    ],
  ])('a model that answers %s is told by its cause', async (what, reply, code, words) => {
    nubabel.model.setResponder((request) => (askerOf(request) === 'diagnosis' ? REFUSED : reply));
    const { jobId } = await nubabel.ask(`Told by its cause: ${what}`, { agents: ['ops'] });
    const { status, error } = await nubabel.ended(jobId);
    expect({ status, code: error?.code }).toEqual({ status: 'failed', code });
    expect(error?.message).toMatch(words);
  });

  it('that are cut off at the limit of their length are gone on with, and become one answer', async () => {
    const parts: Reply[] = [
      { text: 'First, delete the old database, but only after ', stopReason: 'max_tokens' },
      { text: 'the backup is checked,', stopReason: 'pause_turn' },
      { text: ' twice.\nCONFIDENCE: 0.9' },
    ];
    let part = 0;
    nubabel.model.setResponder(() => parts[part++] ?? REFUSED);
    const { jobId } = await nubabel.ask('Tell me how, at length', { agents: ['ops'] });
    const job = await nubabel.ended(jobId);
    expect(job.status).toBe('completed');
    expect(job.result?.primary_result).toBe(
      'First, delete the old database, but only after the backup is checked, twice.',
    );
    const [, second] = requestsAbout('Tell me how, at length');
    expect(second?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(second?.userText).toMatch(/cut off/);
  });

  it.each(['max_tokens', 'model_context_window_exceeded', 'never_heard_of'])(
    'that end in the middle (%s) all the same are no success: it is said that the end is missing',
    async (stopReason) => {
      nubabel.model.setResponder(() => ({ text: 'Delete it, but only after', stopReason }));
      const { jobId } = await nubabel.ask(`Never ends: ${stopReason}`, { agents: ['ops'] });
      const job = await nubabel.ended(jobId);
      expect(job).toMatchObject({ status: 'partial', error: { code: 'answer_cut' } });
      expect(job.result?.primary_result).toMatch(/\[…\]$/);
      expect(job.result?.coverage?.missing).toMatchObject([
        { step: 'ops', reason: expect.stringMatching(/end is missing/) },
      ]);
    },
  );

  it('that all fail make a failed job with a sentence a person can act on', async () => {
    nubabel.model.setResponder(() => REFUSED);
    const { jobId } = await nubabel.ask('None of it', { agents: ['marketing', 'finance'] });
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ status: 'failed', error: { code: 'model_refused' }, costCents: 0 });
    expect(job.error?.message).toMatch(/did not accept this request/);
    expect(job.result).toBeUndefined();
  });

  it('wait as long as the provider asks and pay once', async () => {
    let refusals = 1;
    nubabel.model.setResponder(() =>
      refusals-- > 0
        ? { error: { status: 429, type: 'rate_limit_error', message: 'Slow down', retryAfterSeconds: 1 } }
        : { text: 'Now.' },
    );
    const { jobId } = await nubabel.ask('Slow down, please', { agents: ['general'] });
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    const [refused, answered] = nubabel.model.log.filter(({ userText }) => userText === 'Slow down, please');
    expect([refused?.outcome, answered?.outcome]).toEqual(['error', 'answered']);
    expect(Date.parse(answered?.at ?? '') - Date.parse(refused?.at ?? '')).toBeGreaterThanOrEqual(1_000);
  });

  it('whose words Postgres cannot keep are kept without those characters, and paid for once', async () => {
    nubabel.model.setResponder(() => ({ text: 'Zero:\u0000 half:\ud800 end.\nCONFIDENCE: 0.8' }));
    const { jobId } = await nubabel.ask('Strange words', { agents: ['general'] });
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ status: 'completed' });
    expect(job.result?.primary_result).toMatch(/^Zero: half:.? end\.$/u);
    expect(requestsAbout('Strange words')).toHaveLength(1);
  });
});

describe('who works', () => {
  const routeOf = async (jobId: string) => {
    const [row] = await nubabel.database.look<{ route: { decidedBy: string }; analysis: { source: string } }>(
      'select route, analysis from orchestrations where id = $1',
      [jobId],
    );
    return row;
  };

  it('is whom the request names, without asking the model what it means', async () => {
    const { jobId } = await nubabel.ask('Named ones', { agents: ['ops', 'ops'], category: 'artistry' });
    expect(await nubabel.ended(jobId)).toMatchObject({ category: 'artistry', agents: [{ agent: 'ops' }] });
    expect(askers('Named ones')).toEqual(['ops']);
  });

  it('is the local router’s choice when local rules are sure of all of it, and no model is asked what it means', async () => {
    const message = 'Fix the bug in our login api and write a test by Friday';
    const { jobId } = await nubabel.ask(message);
    expect(await nubabel.ended(jobId)).toMatchObject({ agents: [{ agent: 'engineering' }], category: 'ultrabrain' });
    expect(await routeOf(jobId)).toMatchObject({
      route: { decidedBy: 'local', mode: 'parallel' },
      analysis: { source: 'local', intent: 'code', entities: { deadline: expect.stringMatching(/^\d{4}-/) } },
    });
    expect(askers(message)).toEqual(['engineering']);
  });

  it('is the local router’s choice when only the order is unclear, which the model is asked about', async () => {
    nubabel.model.setResponder(specialist({ agents: [{ agent: 'ops', relevance: 1 }], mode: 'sequential' }));
    const message = 'Draft a launch tweet and check the budget for it';
    const { jobId } = await nubabel.ask(message);
    const job = await nubabel.ended(jobId);
    expect(job.agents.map(({ agent }) => agent).sort()).toEqual(['finance', 'marketing']);
    expect(await routeOf(jobId)).toMatchObject({
      route: { decidedBy: 'local', mode: 'sequential' },
      analysis: { source: 'model' },
    });
    expect(askers(message).filter((asker) => asker === 'analysis')).toHaveLength(1);
  });

  it('is the model’s choice when the local router is unsure, asked by structured output on the fast model', async () => {
    const agents = [
      { agent: 'finance', relevance: 0.9 },
      { agent: 'support', relevance: 0.5 },
      { agent: 'ops', relevance: 0.05 },
    ];
    nubabel.model.setResponder(specialist({ agents, category: 'ultrabrain' }));
    const { jobId } = await nubabel.ask(GIBBERISH);
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ category: 'ultrabrain', agents: [{ agent: 'finance' }, { agent: 'support' }] });
    expect(await routeOf(jobId)).toMatchObject({ route: { decidedBy: 'model' }, analysis: { source: 'model' } });
    const analysis = requestsAbout(GIBBERISH)[0];
    expect(analysis).toMatchObject({ model: 'claude-haiku-5-5', schema: { type: 'object' } });
  });

  it.each([
    ['says something that is no analysis', (): Reply => ({ json: { agents: 'all of them' } })],
    ['says no JSON', (): Reply => ({ text: 'Sorry, I would rather not.' })],
    ['says what Postgres cannot keep', (): Reply => ({ json: { ...analysisReply().json, skills: ['\u0000'] } })],
    ['is overloaded', (): Reply => ({ error: { status: 529, type: 'overloaded_error', message: 'Busy' } })],
  ])('is read from the words when the model %s', async (_, reply) => {
    const answer = specialist();
    nubabel.model.setResponder((request) => (request.schema ? reply() : answer(request)));
    // Whether that is in April or in May no rule can say.
    const { jobId } = await nubabel.ask('Compute our runway and budget by 04/05');
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', agents: [{ agent: 'finance' }] });
    expect(['keywords', 'model']).toContain((await routeOf(jobId))?.analysis.source);
  });
});
