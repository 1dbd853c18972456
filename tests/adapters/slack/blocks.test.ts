import { describe, expect, it } from '@jest/globals';
import { resetClock, progressBar } from '../../../adapters/slack/block-kit.ts';
import { toReportMessage as render } from '../../../adapters/slack/report-message.ts';
import type { ReportState } from '../../../domain/reports/report-state.ts';
import { bucketFor } from '../../../domain/reports/report-to-slack.ts';
import { TRAINED_AGENTS } from '../../../contracts/agents.ts';
import { centsToNanos } from '../../../contracts/money.ts';
import { JOB_STATUSES } from '../../../contracts/orchestration.ts';
import { textsFor } from '../../../contracts/texts.ts';
import { findBlockProblems } from '../../../dev/fakes/slack/block-limits.ts';
import type { Orchestration } from '../../../db/queries/orchestrations.ts';
import { sampleAgent, sampleApproval, sampleOrchestration, sampleResult } from '../../support/samples.ts';

const PAGE = 'https://nubabel.example/?job=1';
const toReportMessage = (state: ReportState) => render(state, PAGE);

const shown = (changes: Partial<Orchestration> = {}, more: Partial<ReportState> = {}): ReportState => ({
  orchestration: sampleOrchestration(changes),
  steps: [],
  costNanos: 0,
  healing: [],
  steering: [],
  effects: [],
  ...more,
});
const wordsOf = (given: ReportState) => JSON.stringify(toReportMessage(given).blocks);
const FINISHED = new Date('2026-11-21T10:00:12.340Z');

describe.each(['en', 'ko'] as const)('a message in %s', (language) => {
  const texts = textsFor(language);

  it.each(JOB_STATUSES)('of a job that is %s keeps Slack’s limits and has a fallback text', (status) => {
    const long = '긴 답변 '.repeat(10_000);
    const message = toReportMessage(
      shown({
        language,
        status,
        step: 'x'.repeat(200),
        category: 'ultrabrain',
        error: { code: 'internal', message: 'y'.repeat(5_000) },
        approval: sampleApproval(),
        result: sampleResult({
          primary_result: long,
          supporting_insights: TRAINED_AGENTS.map((agent) => ({ agent, content: long, confidence: 1, weight: 0.1 })),
          missing_agents: TRAINED_AGENTS.map((agent) => ({ agent, reason: 'z'.repeat(500) })),
        }),
        finished_at: FINISHED,
      }),
    );
    expect(findBlockProblems(message.blocks)).toEqual([]);
    expect(message.text.length).toBeGreaterThan(0);
    expect(message.blocks.length).toBeLessThanOrEqual(50);
  });

  it('asks with cost, agents, the question, who may answer and until when', () => {
    const approval = sampleApproval();
    approval.plan.question = texts.question;
    const message = toReportMessage(shown({ language, status: 'awaiting_approval', approval }));
    const words = JSON.stringify(message.blocks);
    const asked = [texts.plan.people.asker, texts.plan.people.admin];
    for (const part of [texts.question, texts.plan.who(asked), 'Marketing', '$1.20', `${texts.worstCase} $4.00`])
      expect(words).toContain(part);
    expect(words).toContain(`<!date^${Date.parse(approval.expiresAt) / 1_000}^{time_secs}|`);
    expect(message.text).toContain(texts.question);
  });

  it('tells the end with duration, agents, cost and model', () => {
    const words = wordsOf(
      shown(
        { language, status: 'completed', result: sampleResult(), finished_at: FINISHED },
        {
          steps: [
            sampleAgent('marketing', { status: 'done', model: 'claude-sonnet-5-5' }),
            sampleAgent('ops', { status: 'failed' }),
          ],
          costNanos: centsToNanos(2.5),
        },
      ),
    );
    for (const part of [
      `✅ ${texts.completed}`,
      'Here is the tweet.',
      `${texts.duration}: 12.3 s`,
      `${texts.agents}: Marketing ·`,
      `${texts.cost}: 2.50¢`,
      `${texts.models}: claude-sonnet-5-5`,
    ])
      expect(words).toContain(part);
    expect(words).not.toContain(texts.demo);
  });

  it('names what is missing when the end is partial, and never looks like success', () => {
    const result = sampleResult({ missing_agents: [{ agent: 'finance', reason: texts.modelUnavailable }] });
    const message = toReportMessage(shown({ language, status: 'partial', result, finished_at: FINISHED }));
    expect(JSON.stringify(message.blocks)).toContain(`⚠️ ${texts.missing}: Finance (${texts.modelUnavailable})`);
    expect(message.text).toContain(`⚠️ ${texts.partial}`);
    expect(JSON.stringify(message)).not.toContain('✅');
  });

  it('says when the budget that had no room resets, whose ever it is', () => {
    const error = {
      code: 'budget_exhausted_organization',
      message: texts.budgetOrganization,
      resetsAt: '2027-01-01T00:00:00.000Z',
    };
    const { text } = toReportMessage(shown({ language, status: 'failed', error, finished_at: FINISHED }));
    expect(text).toContain(texts.words.resets(resetClock('year', FINISHED)));
  });

  it('says why it failed', () => {
    const error = { code: 'budget_exhausted_user', message: texts.budgetUser };
    const message = toReportMessage(shown({ language, status: 'failed', error, finished_at: FINISHED }));
    expect(message.text).toMatch(new RegExp(`^❌ ${texts.failed}\n${texts.budgetUser}\n.*\n.*${texts.cost}: 0.000¢$`));
    expect(JSON.stringify(message.blocks)).toContain(texts.budgetUser);
    const midnight = new Date(FINISHED).setUTCHours(24, 0, 0, 0);
    const clock = `<!date^${midnight / 1_000}^{date_short_pretty} {time}|${new Date(midnight).toISOString()}>`;
    expect(message.text).toContain(texts.words.resets(clock));
    expect(JSON.stringify(message.blocks)).toContain(texts.words.resets(clock));
  });

  it.each(['cancelled', 'expired'] as const)('of a %s job is a warning', (status) => {
    const { text } = toReportMessage(shown({ language, status, finished_at: FINISHED }));
    expect(text).toContain(`⚠️ ${texts[status]}\n`);
    expect(text).toContain(texts.cost);
  });

  it('labels what the demo model has said', () => {
    const demo = { language, status: 'completed', demo: true, result: sampleResult(), finished_at: FINISHED } as const;
    expect(wordsOf(shown(demo))).toContain(texts.demo);
  });
});

describe('a message', () => {
  it('calls nobody with the words of a model where only its text is shown', () => {
    const result = sampleResult({ primary_result: '<!channel> Q&A at <https://a.example|here>' });
    const { text } = toReportMessage(shown({ status: 'completed', result, finished_at: FINISHED }));
    expect(text).toContain('&lt;!channel&gt; Q&amp;A at &lt;https');
  });

  it.each(['completed', 'partial', 'failed'] as const)(
    'that is %s calls nobody and masks no link, in no block',
    (status) => {
      const words = '<!channel> <@U_ADA> <!subteam^S1> <https://evil.example|https://good.example>';
      const result = sampleResult({
        primary_result: `${words} [good](https://evil.example)`,
        supporting_insights: [{ agent: 'ops', content: words, confidence: 1, weight: 0.1, step: words }],
        missing_agents: [{ agent: 'finance', reason: words }],
      });
      const message = toReportMessage(
        shown({ status, result, error: { code: 'internal', message: words }, finished_at: FINISHED }),
      );
      const sent = JSON.stringify(message);
      expect(sent).not.toMatch(/<[!@#](?!date)/);
      expect(sent).not.toContain('<https://evil.example|');
      expect(JSON.stringify(message.blocks)).not.toContain('](https://evil.example)');
    },
  );

  it('shows work with its step, category and bar', () => {
    expect(toReportMessage(shown()).text).toBe('🔄 Received');
    const running = {
      status: 'running',
      step: 'Running agent: Brand (1/2)',
      progress: 62,
      category: 'artistry',
    } as const;
    expect(toReportMessage(shown(running)).text).toBe('⏳ Running agent: Brand (1/2)');
    expect(wordsOf(shown(running))).toContain('✨ `█████░░░ 62 %`');
  });

  it('carries a whole answer as markdown and says so when it had to cut one', () => {
    const answered = (length: number) =>
      toReportMessage(
        shown({
          status: 'completed',
          result: sampleResult({ primary_result: 'x'.repeat(length) }),
          finished_at: FINISHED,
        }),
      );
    const whole = answered(11_500);
    expect(whole.blocks).toContainEqual({ type: 'markdown', text: 'x'.repeat(11_500) });
    expect(JSON.stringify(whole.blocks)).not.toContain(textsFor('en').shortened);
    const cut = answered(11_501);
    expect(cut.blocks).toContainEqual({ type: 'markdown', text: `${'x'.repeat(11_500)}…` });
    expect(JSON.stringify(cut.blocks)).toContain(textsFor('en').shortened);
  });

  it('shows every agent’s insight beside the primary answer', () => {
    const supporting_insights = [{ agent: 'finance' as const, content: 'Mind the cost.', confidence: 1, weight: 0.2 }];
    const words = wordsOf(
      shown({ status: 'completed', result: sampleResult({ supporting_insights }), finished_at: FINISHED }),
    );
    expect(words).toContain('**Finance**\\n\\nMind the cost.');
  });

  it('is well-formed text even where it cuts between the halves of an emoji', () => {
    for (const offset of [0, 1]) {
      const primary_result = `${'x'.repeat(offset)}${'🎉'.repeat(8_000)}`;
      const message = toReportMessage(
        shown({ status: 'completed', result: sampleResult({ primary_result }), finished_at: FINISHED }),
      );
      const strings: string[] = [];
      JSON.stringify(message, (_, value: unknown) => {
        if (typeof value === 'string') strings.push(value);
        return value;
      });
      expect(strings.every((text) => text.isWellFormed())).toBe(true);
    }
  });
});

describe('the bar', () => {
  it.each([
    [0, '░░░░░░░░ 0 %'],
    [62, '█████░░░ 62 %'],
    [99, '████████ 99 %'],
    [100, '████████ 100 %'],
  ])('of %d percent', (percent, bar) => {
    expect(progressBar(percent)).toBe(bar);
  });
});

describe('a bucket', () => {
  it('is one per workspace for updates and one per channel for posts, each below Slack’s limit', () => {
    const update = bucketFor('o', 'T1', 'C1', true);
    const post = bucketFor('o', 'T1', 'C1', false);
    expect(update.name).toBe(bucketFor('o', 'T1', 'C2', true).name);
    expect(update.name).not.toBe(bucketFor('o', 'T2', 'C1', true).name);
    expect(post.name).not.toBe(bucketFor('o', 'T1', 'C2', false).name);
    const perMinute = ({ intervalMs, burst }: typeof update) => 60_000 / intervalMs + burst;
    expect(perMinute(update)).toBeLessThan(60);
    expect(post.intervalMs).toBeGreaterThanOrEqual(1_000);
  });
});

describe('a budget', () => {
  it.each([
    ['day', '2026-12-31T23:59:00Z', '2027-01-01T00:00:00.000Z'],
    ['month', '2026-01-31T12:00:00Z', '2026-02-01T00:00:00.000Z'],
    ['month', '2026-12-31T23:59:59Z', '2027-01-01T00:00:00.000Z'],
    ['year', '2028-02-29T00:00:00Z', '2029-01-01T00:00:00.000Z'],
  ] as const)('of a %s at %s resets at %s', (period, now, end) => {
    expect(resetClock(period, new Date(now))).toBe(
      `<!date^${Date.parse(end) / 1_000}^{date_short_pretty} {time}|${end}>`,
    );
  });
});
