import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { demoResponder } from '../../dev/fakes/model/index.ts';
import { botMessages, finalMessage, json, wordsOf } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel({
    env: { NUBABEL_DEMO_MODEL: 'true' },
    model: { respond: demoResponder({ latencyMs: 30 }) },
  });
}, 60_000);
afterAll(() => nubabel?.close());

describe('with the demo model', () => {
  it('a request in English climbs the whole ladder, and says that it is a demo', async () => {
    const { jobId } = await nubabel.ask('Draft a launch campaign and then check the budget for it');
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ status: 'completed', demo: true, result: { aggregation_method: 'weighted_merge' } });
    expect(job.result?.agents_used.toSorted()).toEqual(['finance', 'marketing']);
    expect(job.result?.primary_result).toContain('Demo answer: no ANTHROPIC_API_KEY is set.');
    expect(job.costCents).toBeGreaterThan(0);
  });

  it('a mention in Korean is answered in Korean, in one message', async () => {
    const text = '우리 앱 출시 캠페인을 기획하고 예산을 검토해 줘';
    const { ts } = await nubabel.slack.mention({ user: 'U_MINSU', channel: 'C_LAUNCH', text });
    const message = await finalMessage(nubabel, 'C_LAUNCH', ts);
    expect(message.text).toMatch(/^✅ 완료/);
    expect(wordsOf(message)).toContain('데모 답변');
    expect(wordsOf(message)).toContain('데모 모델: ANTHROPIC_API_KEY가 설정되지 않았습니다');
    expect(botMessages(nubabel, 'C_LAUNCH', ts)).toHaveLength(1);
  });

  it('an approval, a follow-up and a direct message work as with a real one', async () => {
    const asked = await nubabel.ask('Review our deploy checklist', { requireApproval: true });
    const { approval } = await nubabel.jobWhen(asked.jobId, ({ status }) => status === 'awaiting_approval');
    await nubabel.request(`/api/jobs/${asked.jobId}/approve`, json({ hash: approval?.hash }));
    expect(await nubabel.ended(asked.jobId)).toMatchObject({ status: 'completed' });
    const more = await nubabel.ask('And the rollback?', { sessionId: asked.sessionId });
    expect(await nubabel.ended(more.jobId)).toMatchObject({ status: 'completed', sessionId: asked.sessionId });
    const { ts } = await nubabel.slack.directMessage({ user: 'U_ADA', text: 'Why do customers churn?' });
    expect((await finalMessage(nubabel, 'D_ADA', ts)).text).toMatch(/^✅/);
  });

  it.each([
    ['U_ADA', 'Analyze the codebase, fix the bugs, run the tests, then deploy', 'APPROVE', /^✅ Done/u],
    ['U_MINSU', '코드베이스를 분석하고 버그를 고친 다음 테스트를 돌리고 배포해줘', '승인', /^✅ 완료/u],
  ])('work in several steps becomes a plan that %s approves: %s', async (user, text, word, ending) => {
    const { ts: thread } = await nubabel.slack.mention({ user, channel: 'C_GENERAL', text });
    const where = ({ text: shown }: { text: string }) =>
      /^⏳ (Waiting for approval of the plan|계획 승인을)/u.test(shown);
    const asking = await nubabel.slack.waitForMessage({ channel: 'C_GENERAL', thread, where });
    expect(wordsOf(asking)).toMatch(/[\d.]+¢/);
    await nubabel.slack.say({ user, channel: 'C_GENERAL', text: word, thread_ts: thread });
    const message = await finalMessage(nubabel, 'C_GENERAL', thread);
    expect(message.text).toMatch(ending);
    expect(message.versions.map(wordsOf).join()).toMatch(/Phase \d\/[2-9]|\d단계\(총 [2-9]단계\)/);
    expect(botMessages(nubabel, 'C_GENERAL', thread)).toHaveLength(1);
  });

  it('every one of the nine agents has something to say', async () => {
    const agents = [
      'brand',
      'marketing',
      'ops',
      'product',
      'engineering',
      'support',
      'growth',
      'finance',
      'general',
    ] as const;
    const { jobId } = await nubabel.ask('Introduce yourselves', { agents: [...agents], mode: 'parallel' });
    const job = await eventually('all nine', async () => {
      const now = await nubabel.status(jobId);
      return now.finishedAt ? now : undefined;
    });
    expect(job).toMatchObject({ status: 'completed', result: { missing_agents: [] } });
    expect(job.result?.agents_used.toSorted()).toEqual([...agents].sort());
  });
});
