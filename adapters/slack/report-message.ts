import type { Category } from '../../contracts/agents.ts';
import type { Plan } from '../../contracts/plan.ts';
import { nanosToCents } from '../../contracts/money.ts';
import { toPhases, agentName } from '../../contracts/phases.ts';
import { textsFor, type Texts } from '../../contracts/texts.ts';
import type { ReportState } from '../../domain/reports/report-state.ts';
import {
  cents,
  context,
  cut,
  escaped,
  progressBar,
  quoted,
  section,
  sections,
  type BlockMessage,
} from './block-kit.ts';
import { questionMessage } from './question-message.ts';
import { safeMarkdown } from './safe-markdown.ts';
import {
  againBlocks,
  healingLines,
  phaseLines,
  steeringLines,
  outcomeLines,
  proposedLines,
  receiptLine,
  resetLine,
  TITLE_CHARS,
} from './work-lines.ts';
import type { KnownBlock } from '@slack/web-api';
import type { AggregatedResult } from '../../contracts/orchestration.ts';
import { changeLines, leftOutLines } from './tool-lines.ts';

const CATEGORY_EMOJI: Readonly<Record<Category, string>> = {
  quick: '⚡',
  ultrabrain: '🧠',
  'visual-engineering': '🎨',
  artistry: '✨',
};
const STEP_CHARS = 300;

/** The message of an orchestration as it is now: received, working, asking, or its end; `jobUrl` shows all of it. Pure. */
export function toReportMessage(state: ReportState, jobUrl: string): BlockMessage {
  const { status, approval } = state.orchestration;
  if (status === 'awaiting_approval' && approval) return questionMessage(state, approval, jobUrl);
  return status === 'pending' || status === 'running' ? workingMessage(state) : finalMessage(state);
}

/** Received, or at work: the step, the bars, what was healed and what people have said since. */
function workingMessage(state: ReportState): BlockMessage {
  const { orchestration } = state;
  const texts = textsFor(orchestration.language);
  const icon = orchestration.status === 'pending' ? '🔄' : '⏳';
  const line = `${icon} ${quoted(orchestration.step, STEP_CHARS)}`;
  const emoji = orchestration.category ? `${CATEGORY_EMOJI[orchestration.category]} ` : '';
  const bar = `${emoji}\`${progressBar(orchestration.progress)}\``;
  const healing = healingLines(state.healing, texts);
  const steering = steeringLines(state.steering, texts);
  const phases = state.plan ? phaseLines(state.steps, texts) : [];
  const notes = [...healing, ...steering];
  const spent = state.plan ? `${texts.plan.spent}: ${cents(nanosToCents(state.costNanos))}` : '';
  return {
    text: [line, runningLine(state, phases), healing[0], steering[0]].filter(Boolean).join('\n'),
    blocks: [
      section(`${line}\n${bar}`),
      ...sections(phases, 8, texts.plan.more),
      ...(notes.length ? [context(notes.join('\n'))] : []),
      ...(spent ? [context(spent)] : []),
    ],
  };
}

/** The line of the first phase that is not over, for clients that show no blocks. */
const runningLine = ({ steps }: ReportState, lines: readonly string[]): string | undefined =>
  lines[toPhases(steps).findIndex(({ percent }) => percent < 100)]?.replaceAll('`', '');

/** Slack's limit for the markdown blocks of one message is 12,000 characters together; some stay for our own words. */
const MARKDOWN_CHARS = 11_500;
/** The fallback text carries the beginning of the answer. */
const TEXT_CHARS = 3_000;
const LIST_SECTIONS = 10;
const CHANGE_SECTIONS = 4;

/** The end: how it went, the answer, what became of each step, and what it took. */
function finalMessage(state: ReportState): BlockMessage {
  const { orchestration } = state;
  const { result, error, receipt, language } = orchestration;
  const texts = textsFor(language);
  const head = `${endIcon(orchestration.status)} ${texts[orchestration.status as 'completed']}`;
  const stopped = receipt ? receiptLine(receipt, texts) : undefined;
  // A plan that would run is told better by its steps than by the answer, which says the same in words.
  const wouldBe = orchestration.options.dryRun && state.plan?.document;
  const dryRun = orchestration.options.dryRun && (wouldBe || !result) ? texts.planned : undefined;
  const total = wouldBe ? totalOf(wouldBe, texts) : undefined;
  const healing = healingLines(state.healing, texts);
  const steps = stepBlocks(state, texts);
  const notes = [...coverageLines(state, texts), ...healing, ...steeringLines(state.steering, texts)];
  const changes = [...changeLines(state.effects, texts), ...leftOutLines(orchestration.left_out ?? [], texts)];
  const summary = summaryLine(state, texts);
  const resets = resetLine(error, orchestration.finished_at, texts);
  const reason = error && orchestration.status !== 'partial' ? error.message : undefined;
  // A model's words: where Slack shows the text alone they must call nobody.
  const answer = escaped(cut(result?.primary_result ?? '', TEXT_CHARS));
  return {
    text: [
      head,
      error && escaped(error.message),
      resets,
      result ? undefined : dryRun,
      total,
      stopped,
      answer,
      healing[0],
      ...changes,
      summary,
    ]
      .filter(Boolean)
      .join('\n'),
    blocks: [
      section(`*${head}*`),
      ...(reason ? [section([escaped(reason), resets].filter(Boolean).join('\n'))] : []),
      ...(dryRun ? [section(`*${dryRun}*`)] : []),
      ...(result && !wouldBe ? answerBlocks(result, texts) : []),
      ...steps,
      ...sections(changes, CHANGE_SECTIONS, texts.plan.more),
      ...notes.map(context),
      ...(stopped ? [context(stopped)] : []),
      ...againBlocks(state, texts),
      context(summary),
    ],
  };
}

const endIcon = (status: string): string => (status === 'completed' ? '✅' : status === 'failed' ? '❌' : '⚠️');

function answerBlocks(result: AggregatedResult, texts: Texts): KnownBlock[] {
  const others = result.supporting_insights.map(({ agent, content, step }) => {
    const name = [step, agentName(agent)].filter(Boolean).join(' · ');
    return `**${name}**\n\n${content}`;
  });
  const parts = [result.primary_result, ...(others.length ? [`---\n\n**${texts.insights}**`, ...others] : [])];
  const whole = safeMarkdown(parts.join('\n\n'));
  const fits = whole.length <= MARKDOWN_CHARS;
  const shownText = fits ? whole : `${cut(whole, MARKDOWN_CHARS)}…`;
  return [
    ...(shownText ? [{ type: 'markdown' as const, text: shownText }] : []),
    ...(fits ? [] : [context(texts.shortened)]),
  ];
}

/** Of a plan: what became of its steps, or what they would do and cost where nothing was run. */
function stepBlocks({ orchestration, plan, steps }: ReportState, texts: Texts): KnownBlock[] {
  const document = plan?.document;
  if (!document) return [];
  if (!orchestration.options.dryRun) {
    const lines = [`*${texts.plan.steps}*`, ...outcomeLines(steps, orchestration.language)];
    return sections(lines, LIST_SECTIONS, texts.plan.more);
  }
  // The total in a section of its own: what does not fit of the steps must not take it away.
  return [
    ...sections(proposedLines(document.steps, texts), LIST_SECTIONS + 10, texts.plan.more),
    section(`*${totalOf(document, texts)}*`),
  ];
}

const totalOf = ({ cents: usual, worstCents, minutes, steps, phases }: Plan, texts: Texts): string =>
  [
    `${texts.estimate}: ${cents(usual)} (${texts.worstCase} ${cents(worstCents)})`,
    texts.plan.minutes(minutes),
    texts.plan.total(steps.length, phases),
  ].join(' · ');

/** How much of the work is in the answer, what is not, and what the parts weigh. */
function coverageLines({ orchestration, plan, steps }: ReportState, texts: Texts): string[] {
  const { result } = orchestration;
  const coverage = plan ? result?.coverage : undefined;
  if (!coverage) return result?.missing_agents.length ? [missingLine(result, texts)] : [];
  const titleOf = (id: string) => quoted(steps.find((step) => step.id === id)?.title || id, TITLE_CHARS);
  const missing = coverage.missing.map(({ title, reason }) => `${quoted(title, TITLE_CHARS)} (${quoted(reason, 300)})`);
  const weights = coverage.weights.map(({ step, weight }) => `${titleOf(step)} ${Math.round(weight * 100)} %`);
  const covered = texts.plan.coverage(coverage.answered, coverage.total);
  return [
    missing.length ? `⚠️ ${covered}. ${texts.missing}: ${missing.join('; ')}` : covered,
    ...(weights.length > 1 ? [`${texts.plan.weights}: ${weights.join(', ')}`] : []),
  ];
}

const missingLine = (result: AggregatedResult, texts: Texts): string =>
  `⚠️ ${texts.missing}: ${result.missing_agents.map(({ agent, reason }) => `${agentName(agent)} (${quoted(reason, 300)})`).join('; ')}`;

function summaryLine({ orchestration, steps, costNanos }: ReportState, texts: Texts): string {
  const end = orchestration.finished_at ?? new Date();
  const seconds = (end.getTime() - orchestration.created_at.getTime()) / 1_000;
  const worked = steps.filter(({ status }) => status === 'done');
  const agents = [...new Set(worked.flatMap(({ agent }) => (agent ? [agentName(agent)] : [])))];
  const models = [...new Set(worked.flatMap(({ model }) => model ?? []))];
  return [
    `${texts.duration}: ${seconds.toFixed(1)} s`,
    ...(agents.length ? [`${texts.agents}: ${agents.join(', ')}`] : []),
    `${texts.cost}: ${cents(nanosToCents(costNanos))}`,
    ...(models.length ? [`${texts.models}: ${models.join(', ')}`] : []),
    ...(orchestration.demo ? [texts.demo] : []),
  ].join(' · ');
}
