import type { KnownBlock } from '@slack/web-api';
import type { Category } from '../../contracts/agents.ts';
import { nanosToCents, type Nanos } from '../../contracts/money.ts';
import type { Approval } from '../../contracts/approval.ts';
import type { AggregatedResult } from '../../contracts/orchestration.ts';
import { AGENT_NAMES, textsFor, type Texts } from '../../contracts/texts.ts';
import type { Step } from '../../db/queries/steps.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import type { SlackMessage } from './slack-port.ts';

/** Everything a Slack message shows of one orchestration. */
export interface Shown {
  readonly orchestration: Orchestration;
  readonly agents: readonly Step[];
  readonly costNanos: Nanos;
}

const CATEGORY_EMOJI: Readonly<Record<Category, string>> = {
  quick: '⚡',
  ultrabrain: '🧠',
  'visual-engineering': '🎨',
  artistry: '✨',
};

/** Slack's limit for the markdown blocks of one message is 12,000 characters together; some stay for our own words. */
const MARKDOWN_CHARS = 11_500;
/** The fallback text carries the beginning of the answer. */
const TEXT_CHARS = 3_000;
const BAR_CELLS = 8;

/** The message of an orchestration as it is now: received, working, asking, or its end. Pure. */
export function toSlackMessage(shown: Shown): SlackMessage {
  const { status } = shown.orchestration;
  if (status === 'awaiting_approval' && shown.orchestration.approval)
    return asking(shown, shown.orchestration.approval);
  return status === 'pending' || status === 'running' ? working(shown) : ended(shown);
}

function working({ orchestration }: Shown): SlackMessage {
  const icon = orchestration.status === 'pending' ? '🔄' : '⏳';
  const line = `${icon} ${orchestration.step}`;
  const bar = progressBar(orchestration.progress);
  const emoji = orchestration.category ? `${CATEGORY_EMOJI[orchestration.category]} ` : '';
  return { text: line, blocks: [section(`${line}\n${emoji}\`${bar}\``)] };
}

function asking({ orchestration }: Shown, approval: Approval): SlackMessage {
  const texts = textsFor(orchestration.language);
  const { plan } = approval;
  const names = plan.agents.map(({ agent }) => AGENT_NAMES[agent]).join(', ');
  const facts = [
    `*${texts.agents}:* ${names}`,
    `*${texts.estimate}:* ${cents(plan.estimatedCents)} (${texts.worstCase} ${cents(plan.worstCaseCents)})`,
  ];
  const until = Math.floor(Date.parse(approval.expiresAt) / 1_000);
  const when = `${texts.until} <!date^${until}^{time_secs}|${approval.expiresAt}>`;
  const title = `⏳ ${texts.awaitingApproval}`;
  return {
    text: `${title}. ${plan.question}`,
    blocks: [
      section(`*${title}*\n${facts.join('\n')}`),
      section(`*${plan.question}*`),
      context(`${texts.whoMayApprove} · ${when}`),
    ],
  };
}

function ended(shown: Shown): SlackMessage {
  const { orchestration } = shown;
  const texts = textsFor(orchestration.language);
  const head = `${endIcon(orchestration.status)} ${texts[orchestration.status as 'completed']}`;
  const { result, error } = orchestration;
  const reason = error && orchestration.status !== 'partial' ? section(error.message) : undefined;
  const answer = result ? answerBlocks(result, texts) : [];
  const missing = result?.missing_agents.length ? [context(missingLine(result, texts))] : [];
  return {
    text: [head, error?.message ?? '', cut(result?.primary_result ?? '', TEXT_CHARS)].filter(Boolean).join('\n'),
    blocks: [
      section(`*${head}*`),
      ...(reason ? [reason] : []),
      ...answer,
      ...missing,
      context(summaryLine(shown, texts)),
    ],
  };
}

const endIcon = (status: string): string => (status === 'completed' ? '✅' : status === 'failed' ? '❌' : '⚠️');

function answerBlocks(result: AggregatedResult, texts: Texts): KnownBlock[] {
  const others = result.supporting_insights.map(({ agent, content }) => `**${AGENT_NAMES[agent]}**\n\n${content}`);
  const parts = [result.primary_result, ...(others.length ? [`---\n\n**${texts.insights}**`, ...others] : [])];
  const whole = parts.join('\n\n');
  const fits = whole.length <= MARKDOWN_CHARS;
  const shownText = fits ? whole : `${cut(whole, MARKDOWN_CHARS)}…`;
  return [{ type: 'markdown', text: shownText }, ...(fits ? [] : [context(texts.shortened)])];
}

const missingLine = (result: AggregatedResult, texts: Texts): string =>
  `⚠️ ${texts.missing}: ${result.missing_agents.map(({ agent, reason }) => `${AGENT_NAMES[agent]} (${reason})`).join('; ')}`;

function summaryLine({ orchestration, agents, costNanos }: Shown, texts: Texts): string {
  const end = orchestration.finished_at ?? new Date();
  const seconds = (end.getTime() - orchestration.created_at.getTime()) / 1_000;
  const worked = agents.filter(({ status }) => status === 'done');
  const models = [...new Set(worked.flatMap(({ model }) => model ?? []))];
  return [
    `${texts.duration}: ${seconds.toFixed(1)} s`,
    ...(worked.length
      ? [
          `${texts.agents}: ${[...new Set(worked.flatMap(({ agent }) => (agent ? [AGENT_NAMES[agent]] : [])))].join(', ')}`,
        ]
      : []),
    `${texts.cost}: ${cents(nanosToCents(costNanos))}`,
    ...(models.length ? [`${texts.models}: ${models.join(', ')}`] : []),
    ...(orchestration.demo ? [texts.demo] : []),
  ].join(' · ');
}

/** `█████░░░ 62 %` */
export function progressBar(percent: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * BAR_CELLS);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${percent} %`;
}

const cents = (value: number): string =>
  value >= 100 ? `$${(value / 100).toFixed(2)}` : `${value.toFixed(value < 1 ? 3 : 2)}¢`;

/** Never leaves half of an emoji behind, which Slack would refuse. */
const cut = (text: string, most: number): string => text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '');

const section = (text: string): KnownBlock => ({
  type: 'section',
  text: { type: 'mrkdwn', text: cut(text, 3_000) },
});
const context = (text: string): KnownBlock => ({
  type: 'context',
  elements: [{ type: 'mrkdwn', text: cut(text, 2_000) }],
});
