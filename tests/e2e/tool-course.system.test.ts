import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeJira, type FakeJira } from '../fakes/jira/index.ts';
import { createFakeLinear, type FakeLinear } from '../fakes/linear/index.ts';
import type { ModelRequest, Reply, Responder } from '../../dev/fakes/model/index.ts';
import { answer as say, askBy, waits as waitsFor } from '../support/approvals.ts';
import { json } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import { analysisReply, askerOf, planReply, plannedBy, specialist, toolCall } from '../support/replies.ts';
import { answer, callsOf, connect, connectJira, effectsOf, setPolicy } from '../support/tools.ts';

/** Work with tools on its way: budgets, words, new plans, several agents, and what was said before. */
let nubabel: Nubabel;
let jira: FakeJira;
let linear: FakeLinear;
let ada: Person;
beforeAll(async () => {
  [nubabel, jira, linear] = await Promise.all([
    startSharedNubabel({ slack: { limits: 'off' } }),
    createFakeJira(),
    createFakeLinear(),
  ]);
  await connectJira(nubabel, jira);
  await connect(nubabel, {
    provider: 'linear',
    name: 'Linear of Acme',
    url: linear.graphqlUrl,
    auth: { kind: 'api_key', apiKey: linear.token },
    settings: { team: 'ENG' },
  });
}, 120_000);
beforeEach(async () => {
  ada = await addPerson(nubabel);
  await setPolicy(nubabel, { risks: [], plans: 'never' });
});
afterEach(() => nubabel.model.resume());
afterAll(async () => {
  await nubabel?.close();
  await Promise.all([jira?.close(), linear?.close()]);
});

const REFUSED: Reply = { error: { status: 400, type: 'invalid_request_error', message: 'not this one' } };
const creates = (summary: string) => toolCall('jira__createIssue', { summary });
const summaries = () => jira.issues.map(({ summary }) => summary);
const times = (summary: string) => summaries().filter((one) => one === summary).length;
const roundsOf = (message: string) =>
  nubabel.model.requests.filter(
    ({ schema, messages }) => !schema && messages.some(({ text }) => text.includes(message)),
  );
/** An agent that makes these calls, one a round, and then answers. */
const rounds =
  (...calls: readonly Reply[]): Responder =>
  (request) =>
    request.schema
      ? specialist()(request)
      : (calls[request.allToolResults.length] ?? { text: 'All calls are made.\nCONFIDENCE: 0.9' });

describe('a budget that is used up between two rounds', () => {
  it('pauses the work, and RAISE goes on without making or asking about a call again', async () => {
    await setPolicy(nubabel, {});
    const message = 'File two, with little money';
    const both = rounds(creates('Declined before'), creates('Before the money'));
    nubabel.model.setResponder(both);
    const jobId = await askBy(ada, message, { agents: ['ops'] });
    await answer(nubabel, await waitsFor(nubabel, jobId, 'tool'), { choice: 'skip' });
    const second = await nubabel.jobWhen(
      jobId,
      ({ approval }) => approval?.plan.calls?.[0]?.id.includes('~2') === true,
    );
    const limit = { scope: 'user', userId: ada.userId, period: 'day', limitCents: 0.01 };
    await nubabel.request('/api/admin/budgets', { ...json(limit), method: 'PUT' });
    await answer(nubabel, second);
    const budget = await waitsFor(nubabel, jobId, 'budget');
    const thought = roundsOf(message).length;
    expect((await say(nubabel, jobId, 'approve', { hash: budget.approval?.hash })).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    expect(roundsOf(message)).toHaveLength(thought + 1);
    expect([times('Declined before'), times('Before the money')]).toEqual([0, 1]);
    expect((await callsOf(nubabel, jobId)).map(({ status }) => status)).toEqual(['declined', 'done']);
  });
});

describe('what people say between two rounds', () => {
  it('is told to the model in the next one, and no call is made again', async () => {
    const message = 'File it while I talk';
    nubabel.model.setResponder((request) => {
      if (request.allToolResults.length === 0 && !request.schema) nubabel.model.pause();
      return rounds(creates('While talking'), creates('After talking'))(request);
    });
    const jobId = await askBy(ada, message, { agents: ['engineering'] });
    await eventually('the first round', () => roundsOf(message).length === 1);
    await say(ada, jobId, 'steer', { message: 'Use the colour teal.', mode: 'steer' });
    nubabel.model.resume();
    await nubabel.ended(jobId);
    expect(roundsOf(message)[1]?.messages[0]?.text).toContain('Use the colour teal.');
    expect([times('While talking'), times('After talking')]).toEqual([1, 1]);
  });
});

describe('a plan that is made anew', () => {
  it('keeps what is done: the change is not made a second time', async () => {
    const message = 'File, then fail, then find another way';
    const first = [
      { id: 'file', kind: 'tool', tool: 'jira__createIssue', risk: 'write' } as const,
      { id: 'bad', needs: ['file'], agent: 'finance' },
      { id: 'last', needs: ['bad'] },
    ];
    const second = [{ id: 'other', needs: ['file'] }];
    let plans = 0;
    nubabel.model.setResponder((request) => {
      if (askerOf(request) === 'planner') return planReply(plans++ === 0 ? first : second);
      if (askerOf(request) === 'diagnosis') return REFUSED;
      return plannedBy(first, (id, { allToolResults }) => {
        if (id === 'file')
          return allToolResults.length === 0 ? creates('Done before the new plan') : { text: 'Filed.' };
        return id === 'bad' ? REFUSED : { text: 'Another way.\nCONFIDENCE: 0.8' };
      })(request);
    });
    const jobId = await askBy(ada, message, { plan: 'always' });
    const done = await nubabel.jobWhen(
      jobId,
      ({ status }) => ['completed', 'partial', 'failed', 'awaiting_approval'].includes(status),
      60_000,
    );
    expect(done.plan?.steps.map(({ id, status }) => [id, status])).toEqual(
      expect.arrayContaining([
        ['file', 'done'],
        ['other', 'done'],
      ]),
    );
    expect(times('Done before the new plan')).toBe(1);
    expect(await effectsOf(nubabel, jobId)).toMatchObject([{ state: 'DONE', stepId: 'file', attempts: 1 }]);
  });
});

describe('several agents without a plan', () => {
  const all = ['engineering', 'ops', 'product'] as const;
  const byAgent =
    (work: (agent: string, request: ModelRequest) => Reply): Responder =>
    (request) =>
      request.schema ? specialist()(request) : work(askerOf(request), request);

  it('call their tools at once, each its own', async () => {
    nubabel.model.setResponder(
      byAgent((agent, { allToolResults }) =>
        allToolResults.length === 0 ? creates(`Of ${agent}`) : { text: `${agent} is done.\nCONFIDENCE: 0.8` },
      ),
    );
    const jobId = await askBy(ada, 'Everybody files one', { agents: [...all], mode: 'parallel' });
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', effects: { done: 3 } });
    expect(all.map((agent) => times(`Of ${agent}`))).toEqual([1, 1, 1]);
  });

  it('are asked about one after the other when all want to change something', async () => {
    await setPolicy(nubabel, {});
    nubabel.model.setResponder(
      byAgent((agent, { allToolResults }) =>
        allToolResults.length === 0 ? creates(`Asked of ${agent}`) : { text: `${agent} is done.\nCONFIDENCE: 0.8` },
      ),
    );
    const jobId = await askBy(ada, 'Everybody asks', { agents: [...all], mode: 'parallel' });
    const seen = new Set<string>();
    for (const _ of all) {
      const asked = await nubabel.jobWhen(
        jobId,
        ({ status, approval }) =>
          status === 'awaiting_approval' && !approval?.decision && !seen.has(approval?.id ?? ''),
      );
      seen.add(asked.approval?.id ?? '');
      expect(await answer(nubabel, asked)).toBe(200);
    }
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', effects: { done: 3 } });
  });

  it('one after the other: the second is told what the first has done', async () => {
    nubabel.model.setResponder(
      byAgent((agent, { allToolResults, userText }) => {
        if (agent === 'engineering') return { text: 'Nothing to do for me: see the green ledger.\nCONFIDENCE: 0.8' };
        return allToolResults.length === 0
          ? creates(userText.includes('green ledger') ? 'Knows of the first' : 'Knows nothing')
          : { text: 'Done.\nCONFIDENCE: 0.8' };
      }),
    );
    const jobId = await askBy(ada, 'In turn', { agents: ['engineering', 'ops'], mode: 'sequential' });
    await nubabel.ended(jobId);
    expect([times('Knows of the first'), times('Knows nothing')]).toEqual([1, 0]);
  });

  it('as stand-ins: the second works when the first fails after its call, and the change stays one', async () => {
    nubabel.model.setResponder(
      byAgent((agent, { allToolResults }) => {
        if (agent === 'ops') return { text: 'The stand-in has answered.\nCONFIDENCE: 0.8' };
        return allToolResults.length === 0 ? creates('Before the fall') : REFUSED;
      }),
    );
    const jobId = await askBy(ada, 'With a stand-in', { agents: ['engineering', 'ops'], mode: 'fallback' });
    const done = await nubabel.ended(jobId);
    expect(done).toMatchObject({ effects: { done: 1, undoable: 1 } });
    expect(done.result?.primary_result).toContain('stand-in has answered');
  });

  it('give a part of the answer when the tool of one of them fails', async () => {
    nubabel.model.setResponder(
      byAgent((agent, { allToolResults: [result] }) => {
        if (agent === 'ops') return { text: 'Ops has answered.\nCONFIDENCE: 0.8' };
        return result ? REFUSED : toolCall('jira__createIssue', { project: 'NOPE', summary: 'Never made' });
      }),
    );
    const jobId = await askBy(ada, 'One of two', { agents: ['engineering', 'ops'], mode: 'parallel' });
    const waiting = await nubabel.jobWhen(jobId, ({ status }) => status !== 'running' && status !== 'pending', 60_000);
    if (waiting.status === 'awaiting_approval') await answer(nubabel, waiting, { choice: 'skip' });
    const done = await nubabel.ended(jobId);
    expect(done).toMatchObject({ status: 'partial', effects: { done: 0 } });
    expect(done.result?.primary_result).toContain('Ops has answered');
    expect(new Set((await callsOf(nubabel, jobId)).map(({ status }) => status))).toEqual(new Set(['failed']));
    expect(times('Never made')).toBe(0);
  });
});

describe('a conversation that goes on', () => {
  it('knows what an earlier answer has made, and changes that', async () => {
    nubabel.model.setResponder((request) => {
      if (request.schema) return analysisReply({ agents: [{ agent: 'engineering', relevance: 1 }] });
      const [result] = request.allToolResults;
      return result
        ? { text: `It is ${/OPS-\d+/.exec(result.text)?.[0]}.\nCONFIDENCE: 0.9` }
        : creates('First of the conversation');
    });
    const first = await nubabel.ask('File the bug');
    const { result } = await nubabel.ended(first.jobId);
    const key = /OPS-\d+/.exec(result?.primary_result ?? '')?.[0] ?? 'none';
    nubabel.model.setResponder((request) => {
      if (request.schema) return analysisReply({ agents: [{ agent: 'engineering', relevance: 1 }] });
      if (request.allToolResults.length > 0) return { text: 'Changed.\nCONFIDENCE: 0.9' };
      const known = /OPS-\d+/.exec(request.messages.map(({ text }) => text).join('\n'))?.[0] ?? 'unknown';
      return toolCall('jira__updateIssue', { key: known, summary: 'Changed later' });
    });
    const next = await nubabel.ask('Now update that task', { sessionId: first.sessionId });
    await nubabel.jobWhen(next.jobId, ({ status }) => status !== 'running' && status !== 'pending');
    expect(await callsOf(nubabel, next.jobId)).toMatchObject([{ arguments: { key } }]);
  });
});
