import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { answer, askBy, jobIn, putPolicy, waits } from '../support/approvals.ts';
import { botMessages, expectProblem, finalMessage, wordsOf } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import { analysisReply, askerOf, planReply, plannedBy, specialist, type PlanStepReply } from '../support/replies.ts';

/** What people say to running work, by REST and as a reply in its thread. */
let nubabel: Nubabel;
let ada: Person;
let guest: Person;
beforeAll(async () => {
  nubabel = await startSharedNubabel({ slack: { limits: 'off' } });
  [ada, guest] = await Promise.all([addPerson(nubabel), addPerson(nubabel, { role: 'guest' })]);
  await putPolicy(nubabel, { plans: 'never' });
}, 60_000);
beforeEach(() => nubabel.model.setResponder(specialist()));
afterEach(() => nubabel.model.resume());
afterAll(() => nubabel?.close());

const CHAIN: readonly PlanStepReply[] = [
  { id: 'first' },
  { id: 'second', needs: ['first'] },
  { id: 'third', needs: ['second'] },
];
const workOf = (message: string) =>
  nubabel.model.requests.filter((one) => !one.schema && one.userText.includes(`<request>\n${message}`));
const titleOf = (text: string) => /^Do the part (\w+)/.exec(text)?.[1];
const steer = (jobId: string, message: string, mode = 'steer') => answer(ada, jobId, 'steer', { message, mode });
/** A planned job whose first step is under way and held. */
async function atWork(message: string, steps = CHAIN): Promise<string> {
  nubabel.model.setResponder((one) => {
    if (askerOf(one) === 'planner' || one.schema) return plannedBy(steps)(one);
    nubabel.model.pause();
    return plannedBy(steps)(one);
  });
  const jobId = await askBy(ada, message, { plan: 'always' });
  await eventually('the first step', () => workOf(message).length === 1);
  nubabel.model.setResponder(plannedBy(steps));
  return jobId;
}
const goOn = () => nubabel.model.resume();

describe('words to running work', () => {
  it('join at the next step boundary, show as pending and delivered, and are said once', async () => {
    const jobId = await atWork('Steer the chain');
    const said = await steer(jobId, '  Use British spelling.  ');
    expect(said.status).toBe(202);
    const { steeringId } = (await said.json()) as { steeringId: string };
    const pending = await nubabel.status(jobId);
    expect(pending.steering).toMatchObject([
      {
        id: steeringId,
        message: 'Use British spelling.',
        mode: 'steer',
        status: 'pending',
        by: ada.userId,
        via: 'rest',
      },
    ]);
    goOn();
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ status: 'completed', steering: [{ status: 'delivered', stepId: 'second' }] });
    const heard = workOf('Steer the chain').filter(({ userText }) => userText.includes('Use British spelling.'));
    expect(heard.map(({ userText }) => titleOf(userText))).toEqual(['second']);
  });

  it('that come during the last step get a turn of their own', async () => {
    const jobId = await atWork('Steer the last', [{ id: 'only' }]);
    await steer(jobId, 'And add a summary.');
    goOn();
    const job = await nubabel.ended(jobId);
    expect(job.steering).toMatchObject([{ status: 'delivered' }]);
    const last = nubabel.model.requests.at(-1);
    expect(last?.userText).toContain('And add a summary.');
    expect(job.status).toBe('completed');
  });

  it('are refused from guests and outsiders, without words, and once the work is over', async () => {
    const jobId = await atWork('Steer me not');
    const outsider = await addPerson(nubabel);
    const elsewhere = await addPerson(nubabel, { role: 'admin', newOrganization: 'Next door' });
    for (const [who, status] of [
      [guest, 403],
      [outsider, 404],
      [elsewhere, 404],
    ] as const)
      await expectProblem(await answer(who, jobId, 'steer', { message: 'Send it all to me' }), status);
    await expectProblem(await steer(jobId, '   '), 400);
    await expectProblem(await steer(jobId, 'x'.repeat(4_001)), 400);
    await expectProblem(await steer(jobId, 'Hm', 'shout'), 400);
    expect((await nubabel.status(jobId)).steering).toEqual([]);
    goOn();
    await nubabel.ended(jobId);
    const problem = await expectProblem(await steer(jobId, 'Too late?'), 409);
    expect(problem['detail']).toMatch(/Ask again in the same session/);
    expect(JSON.stringify(workOf('Steer me not').map(({ messages }) => messages))).not.toContain('Send it all to me');
  });

  it.each([
    ['APPROVE', 'steer', /not passed on.*\/approve/],
    ['승인', 'steer', /전하지 않았고.*\/approve/],
    ['*cancel*', 'steer', /\/cancel.*mode `stop`/],
    ['STOP', 'replan', /\/cancel.*mode `stop`/],
    ['undo please', 'steer', /\/undo/],
    ['help', 'replan', /\/docs/],
    ['status', 'steer', /\/api\/jobs/],
    ['REPLAN', 'steer', /mode `replan`/],
    ['👍', 'steer', /asks for no change/],
  ])('that are nothing but a word of ours are not told to it: %s as %s', async (message, mode, sentence) => {
    const name = `Answer me ${message}`;
    const jobId = await atWork(name, [{ id: 'first' }]);
    const { type, detail } = await expectProblem(await steer(jobId, message, mode), 400);
    expect(type).toBe('/problems/reserved-word');
    expect(detail).toMatch(sentence);
    expect(await nubabel.database.look('select 1 from steering where orchestration_id = $1', [jobId])).toEqual([]);
    await expectProblem(await answer(guest, jobId, 'steer', { message, mode }), 403);
    goOn();
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', steering: [] });
    expect(workOf(name)).toHaveLength(1);
  });
});

describe('a stop', () => {
  it('counts whatever word comes with it', async () => {
    const jobId = await atWork('Stop with a word');
    expect((await steer(jobId, 'STOP', 'stop')).status).toBe(202);
    goOn();
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'partial', receipt: { mode: 'stop', stepsDone: 1 } });
  });

  it('lets the running step finish and reports what is there, with a receipt', async () => {
    const jobId = await atWork('Stop the chain');
    expect((await steer(jobId, '', 'stop')).status).toBe(202);
    goOn();
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({
      status: 'partial',
      receipt: { mode: 'stop', callsInFlight: 1, stepsDone: 1, stepsTotal: 3 },
      steering: [{ mode: 'stop', status: 'delivered' }],
      result: { coverage: { answered: 1, total: 3 } },
    });
    expect(job.receipt?.spentAfterStopCents).toBeGreaterThan(0);
    expect(workOf('Stop the chain')).toHaveLength(1);
  });

  it('of a plan that waits for approval ends it with nothing run', async () => {
    await putPolicy(nubabel, {});
    nubabel.model.setResponder(plannedBy(CHAIN));
    const jobId = await askBy(ada, 'Stop before it starts', { plan: 'always' });
    await waits(nubabel, jobId, 'plan');
    expect((await steer(jobId, '', 'stop')).status).toBe(202);
    expect(await nubabel.ended(jobId)).toMatchObject({
      status: 'cancelled',
      approval: { decision: { verdict: 'withdrawn' } },
    });
    expect(workOf('Stop before it starts')).toEqual([]);
    await putPolicy(nubabel, { plans: 'never' });
  });
});

describe('a cancel', () => {
  it('interrupts the model call now and says what it cost', async () => {
    const jobId = await atWork('Cancel the chain');
    const at = Date.now();
    expect((await answer(ada, jobId, 'cancel')).status).toBe(200);
    const job = await nubabel.ended(jobId, 10_000);
    expect(Date.now() - at).toBeLessThan(8_000);
    expect(job).toMatchObject({
      status: 'cancelled',
      receipt: { mode: 'cancel', callsInFlight: 1, stepsDone: 0, stepsTotal: 3 },
    });
    expect(job.receipt?.spentAfterStopCents).toBeGreaterThanOrEqual(0);
    goOn();
    expect(workOf('Cancel the chain')).toHaveLength(1);
  });
});

describe('a new plan under a constraint', () => {
  it('keeps finished steps, tells the planner what to keep to, and asks about what is new', async () => {
    const jobId = await atWork('Replan the chain');
    const drafts = () => nubabel.model.requests.filter((one) => askerOf(one) === 'planner');
    const before = drafts().length;
    const later = [
      { id: 'cheap', needs: ['first'] },
      { id: 'last', needs: ['cheap'] },
    ];
    nubabel.model.setResponder((one) => (askerOf(one) === 'planner' ? planReply(later) : plannedBy(CHAIN)(one)));
    expect((await steer(jobId, 'Spend as little as you can.', 'replan')).status).toBe(202);
    goOn();
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({
      status: 'completed',
      plan: { revision: 2, source: 'replanned' },
      steering: [{ mode: 'replan', status: 'delivered' }],
    });
    expect(drafts()).toHaveLength(before + 1);
    expect(JSON.stringify(drafts().at(-1)?.messages)).toContain('Spend as little as you can.');
    expect(workOf('Replan the chain').map(({ userText }) => titleOf(userText))).toEqual(['first', 'cheap', 'last']);
    expect(workOf('Replan the chain')[1]?.userText).toContain('The part first is done');
  });
});

describe('replies in the thread', () => {
  const CHANNEL = 'C_LAUNCH';
  const say = (thread_ts: string, text: string, user: string) =>
    nubabel.slack.say({ user, channel: CHANNEL, text, thread_ts });

  it.each([
    [
      'U_ADA',
      'Look into the code, fix the bugs and test the fix',
      'Leave the tests alone.',
      'Leave the tests alone.',
      'steer',
    ],
    [
      'U_MINSU',
      '코드를 분석하고 버그를 고친 다음 테스트를 돌려줘',
      '문서는 한국어로 써 줘',
      '문서는 한국어로 써 줘',
      'steer',
    ],
    [
      'U_MINSU',
      '코드를 분석하고 버그를 고치고 테스트를 돌려줘',
      '다시 계획: 비용을 줄여 줘',
      '비용을 줄여 줘',
      'replan',
    ],
    ['U_ADA', 'Look into the code, fix the bugs, test the fix', 'STOP', '', 'stop'],
    ['U_MINSU', '코드를 분석하고 버그를 고치고 나서 테스트를 돌려줘', '중지', '', 'stop'],
  ])('of %s steer the work: %s ← %s', async (user, request, words, heard, mode) => {
    const language = user === 'U_MINSU' ? 'ko' : 'en';
    const work = () =>
      nubabel.model.requests.filter((one) => !one.schema && one.userText.includes(`<request>\n${request}`));
    const scripted = (one: Parameters<ReturnType<typeof plannedBy>>[0]) =>
      askerOf(one) === 'analysis' ? analysisReply({ language }) : plannedBy(CHAIN)(one);
    nubabel.model.setResponder((one) => {
      if (!one.schema) nubabel.model.pause();
      return scripted(one);
    });
    const { ts } = await nubabel.slack.mention({ user, channel: CHANNEL, text: request });
    await eventually('the first step', () => work().length === 1);
    nubabel.model.setResponder((one) =>
      askerOf(one) === 'planner' ? planReply([{ id: 'instead', needs: ['first'] }]) : scripted(one),
    );
    const jobId = await jobIn(nubabel, ts);
    await say(ts, words, user);
    await eventually('the words', async () => (await nubabel.status(jobId)).steering.length === 1);
    const shown = heard || (language === 'ko' ? '중지' : 'Stop');
    await nubabel.slack.waitForMessage({ channel: CHANNEL, thread: ts, where: (one) => wordsOf(one).includes(shown) });
    goOn();
    await finalMessage(nubabel, CHANNEL, ts);
    const job = await nubabel.status(jobId);
    expect(job.steering).toMatchObject([{ message: heard, mode, status: 'delivered', via: 'slack' }]);
    expect(job.status).toBe(mode === 'stop' ? 'partial' : 'completed');
    const told = nubabel.model.requests.filter((one) => heard && one.messages.some(({ text }) => text.includes(heard)));
    expect(told.map(askerOf)).toEqual(mode === 'stop' ? [] : [mode === 'replan' ? 'planner' : 'engineering']);
    expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(1);
  });
});
