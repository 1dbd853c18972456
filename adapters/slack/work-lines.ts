import type { KnownBlock } from '@slack/web-api';
import type { JobError } from '../../contracts/orchestration.ts';
import type { PricedStep } from '../../contracts/plan.ts';
import { stepName, toPhases, agentName } from '../../contracts/phases.ts';
import type { StopReceipt } from '../../contracts/steering.ts';
import { reasonSentence, textsFor, type Texts } from '../../contracts/texts.ts';
import type { Language } from '../../contracts/agents.ts';
import { nanosToCents } from '../../contracts/money.ts';
import type { NoticeDeps } from '../../domain/reports/direct-notices.ts';
import type { HealingNote, ReportState, ReportStep, SteeringNote } from '../../domain/reports/report-state.ts';
import { button, cents, code, context, dateClock, progressBar, quoted, resetClock } from './block-kit.ts';

export const TITLE_CHARS = 120;
const CONDITION_CHARS = 500;
/** A section holds 3,000 characters; whoever approves a longer one reads it in the console. */
const INSTRUCTION_CHARS = 2_000;
const REASON_CHARS = 300;

const KIND_EMOJI = { agent: '🤖', task: '🧩', tool: '🔧', approval: '✋' } as const;
const RISK_MARK = { read: '', write: '⚠️', production: '🚨' } as const;
const STATUS_ICON = { pending: '▫️', running: '⏳', waiting: '✋', done: '✅', failed: '❌', skipped: '⏭️' } as const;

/** A plan as it is proposed: each phase with its steps, what each takes, costs and may change. */
export const proposedLines = (steps: readonly PricedStep[], texts: Texts): string[] =>
  toPhases(steps).flatMap(({ nth, total, steps: own }) => [
    `*${texts.plan.phase(nth, total)}*`,
    ...own.map((step) => proposedLine(step, texts)),
  ]);

/** All that is shown of a plan's steps when nothing is cut, in the order in which they stand. */
export const wholeSteps = (steps: readonly PricedStep[]): string[] =>
  toPhases(steps).flatMap(({ steps: own }) =>
    own.flatMap((step) => [
      quoted(step.title, Infinity),
      quoted(workerOf(step), Infinity),
      ...(step.when ? [code(step.when, Infinity)] : []),
      code(step.instruction, Infinity),
    ]),
  );

const workerOf = ({ agent, tool, category }: PricedStep): string =>
  agent ? agentName(agent) : (tool ?? category ?? '');

function proposedLine(step: PricedStep, { plan }: Texts): string {
  const { estimate, risk } = step;
  const by = workerOf(step);
  const facts = [
    ...(by ? [quoted(by, TITLE_CHARS)] : []),
    plan.minutes(estimate.minutes),
    cents(estimate.cents),
    ...(RISK_MARK[risk] ? [`${RISK_MARK[risk]} ${plan.risks[risk]}`] : []),
    ...(step.when ? [`${plan.onlyIf} ${code(step.when, CONDITION_CHARS)}`] : []),
  ];
  // Whoever approves reads what will be done, not only what it is called.
  const done = code(step.instruction, INSTRUCTION_CHARS);
  return `${KIND_EMOJI[step.kind]} ${quoted(step.title, TITLE_CHARS)} · ${facts.join(' · ')}\n      ${done}`;
}

/** The titles alone, for clients that show no blocks. */
export const titleLines = (steps: readonly PricedStep[]): string[] =>
  steps.map(
    ({ title, agent, risk }, index) =>
      `${index + 1}. ${RISK_MARK[risk] && `${RISK_MARK[risk]} `}${quoted(title, TITLE_CHARS)}${agent ? ` (${agentName(agent)})` : ''}`,
  );

/** A plan at work: a bar for each phase, with the names of what runs now. */
export const phaseLines = (steps: readonly ReportStep[], { plan }: Texts): string[] =>
  toPhases(steps).map(({ nth, total, percent, steps: own }) => {
    const running = own.filter(({ status }) => status === 'running' || status === 'waiting');
    const names = running
      .map((step) => `${STATUS_ICON[step.status]} ${quoted(stepName(step), TITLE_CHARS)}`)
      .join(', ');
    return `${plan.phase(nth, total)} \`${progressBar(percent)}\`${names && ` ${names}`}`;
  });

/** What became of each step, and why it is not done. */
export const outcomeLines = (steps: readonly ReportStep[], language: Language): string[] =>
  steps.map((step) => {
    const reason = step.reason && step.status !== 'done' ? reasonSentence(step.reason, language) : '';
    const facts = [
      ...(step.agent ? [agentName(step.agent)] : []),
      ...(step.cost_nanos > 0 ? [cents(nanosToCents(step.cost_nanos))] : []),
      ...(reason ? [quoted(reason, REASON_CHARS)] : []),
    ];
    return [`${STATUS_ICON[step.status]} ${quoted(stepName(step), TITLE_CHARS)}`, ...facts].join(' · ');
  });

const SHOWN = 3;
const CAUSE_CHARS = 300;
const MESSAGE_CHARS = 80;
const STEERING_ICON = { pending: '⏳', delivered: '✅', dropped: '⚠️' } as const;

/** The attempts to heal, the latest first. */
export const healingLines = (healing: readonly HealingNote[], texts: Texts): string[] =>
  latest(healing, texts, ({ attempt, root_cause: cause, action, agent, status }) => {
    const { healingActions: actions, healingStatuses } = texts;
    const what = agent && action === 'another_agent' ? `${actions[action]} (${agentName(agent)})` : actions[action];
    return `🩹 ${texts.healing(attempt, quoted(cause, CAUSE_CHARS), what, healingStatuses[status])}`;
  });

/** What people said to the work, the latest first, and whether it has arrived. */
export const steeringLines = (steering: readonly SteeringNote[], texts: Texts): string[] =>
  latest(steering, texts, ({ message, mode, status }) => {
    const words = [texts.plan.modes[mode], message && `“${quoted(message, MESSAGE_CHARS)}”`].filter(Boolean).join(': ');
    return `${STEERING_ICON[status]} ${words} (${texts.plan.steering[status]})`;
  });

/** What a stop or a cancel cost and left. */
export const receiptLine = (receipt: StopReceipt, { plan }: Texts): string =>
  plan.receipt({
    mode: receipt.mode,
    calls: receipt.callsInFlight,
    spent: cents(receipt.spentAfterStopCents),
    done: receipt.stepsDone,
    total: receipt.stepsTotal,
  });

function latest<T>(notes: readonly T[], { plan }: Texts, toLine: (note: T) => string): string[] {
  const lines = notes.slice(-SHOWN).reverse().map(toLine);
  return notes.length > SHOWN ? [...lines, plan.earlier(notes.length - SHOWN)] : lines;
}

/** A budget that has reached a share of its limit, and when its period ends. */
export const alertText: NoticeDeps['renderAlert'] = (window, locale) => {
  const { words } = textsFor(locale?.toLowerCase().startsWith('ko') ? 'ko' : 'en');
  const { scope, period, alertedShare, spentNanos, limitNanos } = window;
  const spent = cents(nanosToCents(spentNanos));
  const told = {
    scope,
    period,
    percent: Math.round(alertedShare * 100),
    spent,
    limit: cents(nanosToCents(limitNanos)),
  };
  return `💰 ${words.budgetAlert(told)} ${words.resets(resetClock(period, new Date()))}`;
};

/** When somebody has a budget again: a person's is one of the day. Undefined where another reason ended the work. */
export function resetLine(error: JobError | null, finishedAt: Date | null, { words }: Texts): string | undefined {
  if (error?.resetsAt !== undefined) return words.resets(dateClock(error.resetsAt));
  return error?.code === 'budget_exhausted_user'
    ? words.resets(resetClock('day', finishedAt ?? new Date()))
    : undefined;
}

/** What may be asked again, and what of it would not be repeated. */
export function againBlocks(
  { orchestration: { id, status, refusal }, effects }: ReportState,
  { words }: Texts,
): KnownBlock[] {
  if (refusal || (status !== 'failed' && status !== 'expired' && status !== 'cancelled')) return [];
  const kept = effects.filter(({ state, undo_state: undo }) => state === 'DONE' && undo !== 'DONE').length;
  return [
    context(`🔁 ${words.askAgain} ${kept > 0 ? words.notRepeated(kept) : words.repeatsAll}`),
    button('ask_again', words.buttons.ask_again, id),
  ];
}
