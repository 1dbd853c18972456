import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Reply } from '../../dev/fakes/model/index.ts';
import { answer, askBy, auditOf, jobIn, putPolicy, waits } from '../support/approvals.ts';
import { botMessages, finalMessage, wordsOf } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { plannedBy, type PlanStepReply } from '../support/replies.ts';

/** The ways through a plan: conditions, a human in the middle, and parts that fail. */
let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel({ slack: { limits: 'off' }, env: { HEALING_MAX_CENTS: '0' } });
  await putPolicy(nubabel, { plans: 'never' });
}, 60_000);
afterEach(() => nubabel.model.resume());
afterAll(() => nubabel?.close());

const CHANNEL = 'C_LAUNCH';
const REFUSED: Reply = { error: { status: 400, type: 'invalid_request_error', message: 'not this one' } };
const run = async (message: string, steps: readonly PlanStepReply[], step?: (id: string) => Reply | undefined) => {
  nubabel.model.setResponder(
    plannedBy(steps, (id) => step?.(id) ?? { text: `The part ${id} is done.\nCONFIDENCE: 0.8` }),
  );
  return askBy(nubabel, message, { plan: 'always' });
};
const workOf = (message: string) =>
  nubabel.model.requests
    .filter((one) => !one.schema && one.userText.includes(`<request>\n${message}`))
    .map(({ userText }) => /Do the part (\w+)/.exec(userText)?.[1]);

describe('conditional steps', () => {
  const steps = (when: string) => [
    { id: 'tests' },
    { id: 'fix', needs: ['tests'], when },
    { id: 'report', needs: ['fix'] },
  ];

  it.each([
    ['true of what was said', `steps.tests.text.contains('red')`, ['tests', 'fix', 'report']],
    ['false of what was said', `steps.tests.text.contains('green')`, ['tests', 'report']],
    ['of the confidence', 'steps.tests.confidence > 0.5', ['tests', 'fix', 'report']],
    ['of data', 'steps.tests.data.failed > 2', ['tests', 'fix', 'report']],
  ])('%s decide what runs, and nothing is missing', async (what, when, ran) => {
    const message = `Condition: ${what}`;
    const jobId = await run(message, steps(when), (id) =>
      id === 'tests' ? { text: 'They are red.\n```json\n{"failed": 3}\n```\nCONFIDENCE: 0.9' } : undefined,
    );
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ status: 'completed', result: { coverage: { missing: [] } } });
    expect(workOf(message)).toEqual(ran);
    if (!ran.includes('fix'))
      expect(job.plan?.steps.find(({ id }) => id === 'fix')).toMatchObject({
        status: 'skipped',
        reason: expect.stringMatching(/condition/),
      });
  });

  it('that cannot be decided stop what hangs on them, and say so', async () => {
    const jobId = await run('Broken condition', steps('steps.tests.data.nothing.here > 1'));
    const job = await nubabel.ended(jobId);
    expect(job.status).toBe('partial');
    expect(job.result?.coverage?.missing.map(({ step }) => step)).toContain('fix');
    expect(JSON.stringify(job.result?.coverage?.missing)).toMatch(/could not be decided/);
    expect(workOf('Broken condition')[0]).toBe('tests');
  });
});

describe('a human in the middle of a plan', () => {
  const GATED: readonly PlanStepReply[] = [
    { id: 'build' },
    { id: 'gate', kind: 'approval', needs: ['build'], title: 'Look at the build' },
    { id: 'deploy', needs: ['gate'], risk: 'production' },
  ];

  it.each([
    ['U_ADA', 'Build the app, test it, then deploy it', 'APPROVE', /^✅ Done/u, ['build', 'deploy']],
    ['U_MINSU', '앱을 빌드하고 테스트한 다음 배포해줘', '승인', /^✅ 완료/u, ['build', 'deploy']],
    ['U_ADA', 'Build the app, test it, then deploy it at once', 'CANCEL', /^⚠️ Cancelled/u, ['build']],
  ])('%s is asked and answers in the thread: %s → %s', async (user, text, word, ending, ran) => {
    nubabel.model.setResponder(plannedBy(GATED));
    const { ts } = await nubabel.slack.mention({ user, channel: CHANNEL, text });
    const jobId = await jobIn(nubabel, ts);
    const asking = await waits(nubabel, jobId, 'step');
    expect(asking.approval?.plan).toMatchObject({ stepId: 'gate' });
    expect(asking.plan?.steps.map(({ status }) => status)).toEqual(['done', 'waiting', 'pending']);
    await nubabel.slack.waitForMessage({
      channel: CHANNEL,
      thread: ts,
      where: (one) => wordsOf(one).includes('Look at the build') && /APPROVE/.test(wordsOf(one)),
    });
    expect(workOf(text)).toEqual(['build']);
    await nubabel.slack.say({ user, channel: CHANNEL, text: word, thread_ts: ts });
    const message = await finalMessage(nubabel, CHANNEL, ts);
    expect(message.text).toMatch(ending);
    expect(workOf(text)).toEqual(ran);
    expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(1);
    expect(await auditOf(nubabel, jobId)).toMatchObject([{ outcome: 'done', details: { via: 'slack' } }]);
    expect(JSON.stringify((await nubabel.status(jobId)).result)).toContain('The part build is done');
  });

  it('two questions of one plan take turns, and an old answer decides no new one', async () => {
    const jobId = await run('Two gates', [
      { id: 'one', kind: 'approval' },
      { id: 'two', kind: 'approval' },
      { id: 'end', needs: ['one', 'two'] },
    ]);
    const first = await waits(nubabel, jobId, 'step');
    const { id: approvalId, hash } = first.approval ?? {};
    expect((await answer(nubabel, jobId, 'approve', { approvalId, hash })).status).toBe(200);
    const second = await nubabel.jobWhen(jobId, ({ approval }) => approval?.id !== approvalId && !approval?.decision);
    expect((await answer(nubabel, jobId, 'approve', { approvalId, hash })).status).toBe(409);
    expect((await answer(nubabel, jobId, 'approve', { hash: second.approval?.hash })).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    expect(workOf('Two gates')).toEqual(['end']);
  });
});

describe('parts that fail', () => {
  it('are named with their reasons, and the weights of what is there add up to one', async () => {
    const steps = [{ id: 'good' }, { id: 'fine', agent: 'finance' }, { id: 'bad', agent: 'ops' }];
    const text = 'Look at the code, price the outage, test the pagers';
    nubabel.model.setResponder(
      plannedBy(steps, (id) => (id === 'bad' ? REFUSED : { text: `The part ${id} is done.\nCONFIDENCE: 0.6` })),
    );
    const { ts } = await nubabel.slack.mention({ user: 'U_ADA', channel: CHANNEL, text });
    const jobId = await jobIn(nubabel, ts);
    const decided = await nubabel.jobWhen(jobId, ({ status }) => status !== 'pending' && status !== 'running');
    if (decided.status === 'awaiting_approval')
      await nubabel.slack.say({ user: 'U_ADA', channel: CHANNEL, text: 'SKIP', thread_ts: ts });
    const message = await finalMessage(nubabel, CHANNEL, ts);
    const { status, result } = await nubabel.status(jobId);
    expect(status).toBe('partial');
    expect(result?.coverage).toMatchObject({ answered: 2, total: 3, missing: [{ step: 'bad' }] });
    expect(result?.coverage?.missing[0]?.reason).toMatch(/\w+ \w+/);
    expect(result?.coverage?.weights.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
    expect(result?.missing_agents.map(({ agent }) => agent)).toEqual(['ops']);
    expect(message.text).toMatch(/^⚠️ Done, with parts missing/u);
    expect(wordsOf(message)).toContain('Based on 2 of 3 steps');
    expect(wordsOf(message)).toContain('Do the part bad');
  });
});

it('a budget of time: nothing is left waiting or set aside', async () => {
  await eventually('the end of everything', async () => {
    const open = await nubabel.database.look(
      `select 1 from orchestrations where finished_at is null
       union all select 1 from envelopes where closed_at is null
       union all select 1 from budget_windows where reserved_nanos <> 0`,
    );
    return open.length === 0;
  });
});
