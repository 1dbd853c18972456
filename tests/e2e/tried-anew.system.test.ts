import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { EffectCounts } from '../../contracts/effects.ts';
import { createFakeJira, type FakeJira } from '../fakes/jira/index.ts';
import type { Reply, Responder } from '../../dev/fakes/model/index.ts';
import { askBy, waits as waitsFor } from '../support/approvals.ts';
import { eventually } from '../support/eventually.ts';
import { json } from '../support/json.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import { askerOf, planReply, specialist, toolCall } from '../support/replies.ts';
import { answer, connectJira, effectsOf, setPolicy } from '../support/tools.ts';

/** Calls that are wanted once more: by a new try, a stand-in, a new plan, or a later turn. */
let nubabel: Nubabel;
let jira: FakeJira;
let ada: Person;
beforeAll(async () => {
  [nubabel, jira] = await Promise.all([startSharedNubabel({ slack: { limits: 'off' } }), createFakeJira()]);
  await connectJira(nubabel, jira);
}, 120_000);
beforeEach(async () => {
  ada = await addPerson(nubabel);
  await setPolicy(nubabel, { risks: [], plans: 'never' });
});
afterAll(async () => {
  await nubabel?.close();
  await jira?.close();
});

const REFUSED: Reply = { error: { status: 400, type: 'invalid_request_error', message: 'not this one' } };
const creates = (summary: string) => toolCall('jira__createIssue', { summary });
const times = (summary: string) => jira.issues.filter((issue) => issue.summary === summary).length;
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

describe('a step that is tried anew after it has changed something', () => {
  const EMPTY: Reply = { text: '' };
  const heals = (action: 'retry' | 'another_agent', agent: string | null = null): Reply => ({
    json: { rootCause: 'The turn was empty.', action, change: 'Answer in words.', agent },
  });
  /** Files one issue, falls silent, and in the next try wants the very same again until it hears of the first. */
  const forgetful = (summary: string, healing: Reply, until: number): Responder => {
    let silent = 0;
    return (request) => {
      const asker = askerOf(request);
      if (asker === 'diagnosis') return healing;
      if (request.schema) return specialist()(request);
      if (request.allToolResults.length > 0 && silent++ === 0) return EMPTY;
      return request.allToolResults.length < (silent === 0 ? 1 : until)
        ? creates(summary)
        : { text: 'It is filed.\nCONFIDENCE: 0.9' };
    };
  };

  it.each([
    ['by the same agent', heals('retry')],
    ['by another agent', heals('another_agent', 'engineering')],
  ])('%s is told what was done, and does not do it again', async (who, healing) => {
    const summary = `Filed once, tried again ${who}`;
    nubabel.model.setResponder(forgetful(summary, healing, 1));
    const jobId = await askBy(ada, `Tried anew ${who}`, { agents: ['ops'] });
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', effects: { done: 1 } });
    expect(times(summary)).toBe(1);
    const [next] = roundsOf(`Tried anew ${who}`).filter(({ userText }) => userText.includes('<earlier_call'));
    expect(next?.userText).toMatch(/tool="jira__createIssue" outcome="happened"/);
    expect(next?.userText).toMatch(/OPS-\d+/);
  });

  it('asks a person when the model insists, and says why', async () => {
    const summary = 'Filed once, wanted again and again';
    nubabel.model.setResponder(forgetful(summary, heals('retry'), 2));
    const jobId = await askBy(ada, 'Insist on it', { agents: ['ops'] });
    const asked = await waitsFor(nubabel, jobId, 'tool');
    expect(asked.approval?.plan.calls).toMatchObject([{ reasons: ['repeated'] }]);
    expect(times(summary)).toBe(1);
    await answer(nubabel, asked, { choice: 'skip' });
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', effects: { done: 1 } });
    expect(times(summary)).toBe(1);
  });

  it('by a stand-in does not do again what the one before has done', async () => {
    const summary = 'Filed before the stand-in came';
    nubabel.model.setResponder((request) => {
      if (request.schema) return specialist()(request);
      if (request.allToolResults.length === 0) return creates(summary);
      return askerOf(request) === 'engineering' ? REFUSED : { text: 'The stand-in knows.\nCONFIDENCE: 0.8' };
    });
    const jobId = await askBy(ada, 'A stand-in repeats', { agents: ['engineering', 'ops'], mode: 'fallback' });
    expect(await nubabel.ended(jobId)).toMatchObject({ effects: { done: 1 } });
    expect(times(summary)).toBe(1);
  });

  it('in a new plan: planner and step are told what the failed step has done', async () => {
    const summary = 'Filed by the step that failed then';
    const message = 'File, fail, and plan anew';
    const first = [{ id: 'file' }];
    const second = [{ id: 'other' }];
    let plans = 0;
    nubabel.model.setResponder((request) => {
      if (askerOf(request) === 'planner')
        return planReply(plans++ === 0 ? [...first, { id: 'after', needs: ['file'] }] : second);
      if (askerOf(request) === 'diagnosis') return REFUSED;
      if (request.schema) return specialist()(request);
      if (request.allToolResults.length === 0) return creates(summary);
      return request.userText.includes('Do the part file') ? REFUSED : { text: 'Found it filed.\nCONFIDENCE: 0.8' };
    });
    const jobId = await askBy(ada, message, { plan: 'always' });
    await nubabel.ended(jobId);
    expect(times(summary)).toBe(1);
    const planners = nubabel.model.requests.filter(
      (request) => askerOf(request) === 'planner' && request.userText.includes(message),
    );
    expect(planners.at(-1)?.userText).toMatch(/outcome="happened"/);
  });
});

describe('the same call again in one try', () => {
  it('is made again in a later turn: what was written first, then changed, then written again stays', async () => {
    const key = jira.issues[0]?.key ?? '';
    const write = (summary: string) => toolCall('jira__updateIssue', { key, summary });
    nubabel.model.setResponder(rounds(write('Version 1'), write('Version 2'), write('Version 1')));
    const jobId = await askBy(ada, 'Write, change, and write back', { agents: ['ops'] });
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', effects: { done: 3 } });
    expect(jira.issues.find((issue) => issue.key === key)?.summary).toBe('Version 1');
  });

  it('twice in one turn is two changes', async () => {
    const summary = 'One of two in a turn';
    nubabel.model.setResponder((request) => {
      if (request.schema) return specialist()(request);
      const input = { summary };
      return request.allToolResults.length > 0
        ? { text: 'Both are filed.\nCONFIDENCE: 0.9' }
        : { calls: [1, 2].map(() => ({ name: 'jira__createIssue', input })) };
    });
    const jobId = await askBy(ada, 'File two alike', { agents: ['ops'] });
    expect(await nubabel.ended(jobId)).toMatchObject({ effects: { done: 2 } });
    expect(times(summary)).toBe(2);
  });
});

describe('a cancel', () => {
  const Answer = z.object({ changes: EffectCounts, undo: z.string().optional(), note: z.string().optional() });
  /** Cancels work that has made these calls and is asking the model again. */
  async function cancelAfter(message: string, calls: readonly Reply[]) {
    nubabel.model.setResponder((request) => {
      if (!request.schema && request.allToolResults.length === calls.length) nubabel.model.pause();
      return rounds(...calls)(request);
    });
    const jobId = await askBy(ada, message, { agents: ['engineering'] });
    await eventually('the last round', () => roundsOf(message).length > calls.length);
    const answered = await ada.request(`/api/jobs/${jobId}/cancel`, json({}));
    expect(answered.status).toBe(200);
    const told = Answer.parse(await answered.json());
    const job = await nubabel.ended(jobId);
    nubabel.model.resume();
    return { jobId, told, job };
  }

  it('in the middle of work says what it has changed by now, and the way that takes it back', async () => {
    const { jobId, told, job } = await cancelAfter('File, then think', [creates('Before it ends')]);
    expect(told).toMatchObject({
      changes: { done: 1, undoable: 1, unknown: 0 },
      undo: `POST /api/jobs/${jobId}/undo`,
      note: expect.stringContaining('still ending'),
    });
    expect(job).toMatchObject({ status: 'cancelled', effects: told.changes });
    const [method, path] = (told.undo ?? '').split(' ');
    expect((await ada.request(path ?? '', { method: method ?? '' })).status).toBe(202);
    await eventually('the change taken back', async () =>
      (await effectsOf(nubabel, jobId)).every(({ undo }) => undo === 'DONE'),
    );
    expect(times('Before it ends')).toBe(0);
  });

  it('before anything is changed says so, and offers nothing to take back', async () => {
    const { told, job } = await cancelAfter('Only think', []);
    expect(told.changes).toEqual({ done: 0, undoable: 0, unknown: 0 });
    expect(told).not.toHaveProperty('undo');
    expect(job).toMatchObject({ status: 'cancelled', effects: told.changes });
  });
});
