import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Responder } from '../../dev/fakes/model/index.ts';
import type { SlackMessage } from '../../dev/fakes/slack/types.ts';
import { botMessages, finalMessage, wordsOf } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { askerOf, planReply, analysisReply, specialist } from '../support/replies.ts';

/** The five stories that people know the product by, each told through signed Slack events. */
let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startSharedNubabel({ slack: { limits: 'off' } });
}, 60_000);
afterEach(() => nubabel.model.resume());
afterAll(() => nubabel?.close());

const CHANNEL = 'C_LAUNCH';
const mention = (text: string) => nubabel.slack.mention({ user: 'U_ADA', channel: CHANNEL, text });
const reply = (thread_ts: string, text: string, user = 'U_ADA') =>
  nubabel.slack.say({ user, channel: CHANNEL, text, thread_ts });
const shows = (thread: string, words: RegExp) =>
  nubabel.slack.waitForMessage({ channel: CHANNEL, thread, where: (message) => words.test(wordsOf(message)) });
/** Everything the one message of a thread has ever shown, in order. */
const everShown = (message: SlackMessage): string => message.versions.map(wordsOf).join('\n');
const askedOf = (asker: string) => nubabel.model.requests.filter((request) => askerOf(request) === asker);

describe('a simple task', () => {
  it('is answered by one agent in one message, from 🔄 to ✅ with duration, agent and cost', async () => {
    nubabel.model.setResponder(specialist());
    const { ts } = await mention('Write a tagline for our new logo');
    const message = await finalMessage(nubabel, CHANNEL, ts);
    expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(1);
    expect(message.versions[0]?.text).toMatch(/^(🔄|⏳)/u);
    expect(wordsOf(message)).toContain('brand has answered.');
    expect(wordsOf(message)).toMatch(/Duration: \d+\.\d s · Agents: Brand · Cost: [\d.]+¢/);
  });
});

describe('a long task', () => {
  it('shows each agent and a growing bar while it runs, and ends as one message', async () => {
    const agents = ['marketing', 'finance', 'ops'];
    const said = specialist({ agents: agents.map((agent) => ({ agent, relevance: 0.9 })), mode: 'sequential' });
    nubabel.model.setResponder((request) => {
      const answer = said(request);
      return askerOf(request) === 'analysis'
        ? answer
        : Promise.resolve(answer).then((one) => ({ ...one, delayMs: 700 }));
    });
    const { ts } = await mention('zzqx see to acme/shop vvrk');
    const message = await finalMessage(nubabel, CHANNEL, ts);
    const shown = everShown(message);
    expect(shown).toMatch(/⏳ Running agent: Marketing \(1\/3\)/u);
    expect(shown).toMatch(/⏳ Running agent: Ops \(3\/3\)/u);
    const percents = [...shown.matchAll(/[█░]{8} (\d+) %/gu)].map(([, percent]) => Number(percent));
    expect(new Set(percents).size).toBeGreaterThanOrEqual(3);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(message.text).toMatch(/^✅ Done/u);
    expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(1);
  });
});

describe('a conversation', () => {
  it('goes on in its thread: the second request knows what the first one said', async () => {
    nubabel.model.setResponder((request) =>
      askerOf(request) === 'analysis'
        ? analysisReply({ agents: [{ agent: 'engineering', relevance: 1 }] })
        : { text: 'The repository is acme/web and its tests are red.\nCONFIDENCE: 0.8' },
    );
    const { ts } = await mention('zzqx look at acme/web vvrk');
    await finalMessage(nubabel, CHANNEL, ts);
    const before = nubabel.model.requests.length;
    await reply(ts, 'zzqx now run the tests there vvrk');
    await eventually(
      'the second answer',
      () => botMessages(nubabel, CHANNEL, ts).filter(({ text }) => text.startsWith('✅')).length === 2,
    );
    const second = nubabel.model.requests.slice(before).filter((request) => askerOf(request) !== 'analysis');
    expect(second).toHaveLength(1);
    expect(JSON.stringify(second[0]?.messages)).toContain('The repository is acme/web and its tests are red.');
    const sessions = await nubabel.database.look<{ n: number }>(
      'select count(distinct session_id)::int as n from orchestrations where slack_thread_ts = $1',
      [ts],
    );
    expect(sessions).toEqual([{ n: 1 }]);
  });
});

const PLAN = [
  { id: 'analyze', title: 'Analyze the codebase' },
  { id: 'costs', title: 'Price the downtime', agent: 'finance' },
  { id: 'fix', title: 'Fix the bugs', needs: ['analyze'] },
  { id: 'run_tests', title: 'Run the tests', needs: ['fix'] },
  { id: 'deploy', title: 'Deploy the release', needs: ['run_tests', 'costs'], risk: 'production' as const },
];
const planned: Responder = (request) => {
  const asker = askerOf(request);
  if (asker === 'analysis') return analysisReply({ intent: 'deploy', category: 'ultrabrain' });
  if (asker === 'planner') return planReply(PLAN);
  const title = PLAN.find((step) => request.userText.startsWith(step.title))?.title ?? asker;
  return { text: `${title}: done as planned.\nCONFIDENCE: 0.9`, delayMs: 300 };
};

describe('a complex orchestration', () => {
  it('becomes a priced plan, runs after APPROVE in phases with bars, and reports its cost', async () => {
    nubabel.model.setResponder(planned);
    const { ts } = await mention('Analyze the codebase, fix the bugs, run the tests, then deploy');
    const asking = await shows(ts, /Type APPROVE to proceed or CANCEL to abort/);
    for (const { title } of PLAN) expect(wordsOf(asking)).toContain(title);
    expect(wordsOf(asking)).toMatch(/[\d.]+¢/);
    expect(
      nubabel.model.requests.filter(({ userText }) => /^(Analyze the codebase|Price the downtime)\n/.test(userText)),
    ).toEqual([]);
    await reply(ts, 'APPROVE');
    const message = await finalMessage(nubabel, CHANNEL, ts);
    const shown = everShown(message);
    expect(shown).toMatch(/Phase \d\/4/);
    expect(shown).toMatch(/[█░]{8} \d+ %/u);
    expect(message.text).toMatch(/^✅ Done/u);
    expect(wordsOf(message)).toContain('Deploy the release: done as planned.');
    expect(wordsOf(message)).toMatch(/Cost: [\d.]+¢/);
    expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(1);
    const [row] = await nubabel.database.look<{ open: string; cost: string }>(
      `select (select coalesce(sum(remaining_nanos), 0) from envelopes e where e.orchestration_id = o.id and closed_at is null) as open,
         (select sum(cost_nanos) from usage u where u.orchestration_id = o.id) as cost from orchestrations o where slack_thread_ts = $1`,
      [ts],
    );
    expect(Number(row?.open)).toBe(0);
    expect(Number(row?.cost)).toBeGreaterThan(0);
  });
});

describe('self-healing', () => {
  it('diagnoses a failed step, tries it with a change, and shows what it did', async () => {
    let failures = 0;
    nubabel.model.setResponder((request) => {
      const asker = askerOf(request);
      if (asker === 'analysis') return analysisReply({ agents: [{ agent: 'engineering', relevance: 1 }] });
      if (asker === 'diagnosis')
        return {
          json: {
            rootCause: 'the question was too broad',
            action: 'retry',
            change: 'Look at one file only.',
            agent: null,
          },
          delayMs: 500,
        };
      if (failures++ === 0) return { error: { status: 400, type: 'invalid_request_error', message: 'prompt refused' } };
      return { text: 'It is the cache.\nCONFIDENCE: 0.8', delayMs: 700 };
    });
    const { ts } = await mention('zzqx why is it slow vvrk');
    const message = await finalMessage(nubabel, CHANNEL, ts);
    const line =
      /Self-healing attempt #1: root cause the question was too broad, action .+, status (running|succeeded)/;
    expect(everShown(message)).toMatch(line);
    expect(message.text).toMatch(/^✅ Done/u);
    expect(wordsOf(message)).toContain('It is the cache.');
    const [tried] = askedOf('engineering').slice(-1);
    expect(tried?.userText).toContain('Look at one file only.');
    const rows = await nubabel.database.look(
      `select attempt, action, decided_by, h.status from healing h join orchestrations o on o.id = h.orchestration_id
       where slack_thread_ts = $1`,
      [ts],
    );
    expect(rows).toEqual([{ attempt: 1, action: 'retry', decided_by: 'model', status: 'succeeded' }]);
  });
});
