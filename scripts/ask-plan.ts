import { isDelegated } from '../contracts/approval-rules.ts';
import { showInvisible } from '../contracts/clean-text.ts';
import type { Approval } from '../contracts/approval.ts';
import type { JobStatus } from '../contracts/orchestration.ts';
import { toPhases } from '../contracts/phases.ts';
import type { PricedStep, StepView } from '../contracts/plan.ts';
import { en } from '../contracts/texts/en.ts';
import type { AskedCall } from '../contracts/tools.ts';
import { formatCents } from '../web/text/format.ts';

/** Text of others with nothing in it that a terminal would obey or nobody would see: it is said by its code point. */
export const plain = (text: string): string => showInvisible(text);

/** The same on one line. */
export const oneLine = (text: string): string => plain(text).replaceAll(/\s+/g, ' ').trim();

/** An agent as people call it. */
export const nameOf = (agent: string): string => {
  const names: Record<string, string> = en.console.agents;
  return names[agent] ?? plain(agent);
};

const KIND_ICON = { agent: '🤖', task: '🧩', tool: '🔧', approval: '✋' } as const;
const RISK_ICON = { read: '', write: '⚠️ ', production: '🚨 ' } as const;
const STATUS_ICON = { pending: '▫️', running: '⏳', waiting: '✋', done: '✅', failed: '❌', skipped: '⏭️' } as const;
const STEERING_ICON = { pending: '⏳', delivered: '✅', dropped: '⚠️' } as const;

/** A proposed plan: each phase with its steps, what each takes, costs and may change. */
export const proposedLines = (steps: readonly PricedStep[]): string[] =>
  toPhases(steps).flatMap(({ nth, total, steps: own }) => [
    `   ${en.console.plan.phase(nth, total)}`,
    ...own.flatMap(({ kind, title, agent, tool, estimate, risk, when, instruction }) => [
      `     ${KIND_ICON[kind]} ${[
        oneLine(title),
        ...(agent ? [nameOf(agent)] : tool ? [oneLine(tool)] : []),
        en.console.plan.minutes(estimate.minutes),
        formatCents(estimate.cents),
        ...(risk === 'read' ? [] : [`${RISK_ICON[risk]}${en.console.plan.risks[risk].toLowerCase()}`]),
        ...(when ? [`${en.console.plan.onlyIf.toLowerCase()} ${oneLine(when)}`] : []),
      ].join(' · ')}`,
      `        ${oneLine(instruction)}`,
    ]),
  ]);

/** What a question in the middle of the work rests on. */
export function evidenceLines({ plan, kind }: Approval): string[] {
  const { stepId, evidence = [], raise, action, calls = [], reconnect } = plan;
  return [
    ...calls.flatMap(callLines),
    ...(reconnect?.url ? [`   🔌 ${plain(reconnect.url)}`] : []),
    ...(stepId && evidence.length === 0 ? [`   ${en.console.question.step}: ${oneLine(stepId)}`] : []),
    ...evidence.map((line) => `   ${kind === 'tool' ? `${en.console.calls.askedBy}:` : '•'} ${oneLine(line)}`),
    ...(raise
      ? [
          `   ${en.console.question.limit} (${raise.scope}, ${oneLine(raise.period)}): ${formatCents(raise.limitCents)}. ` +
            `${en.console.question.needs} ${en.console.question.more(formatCents(raise.byCents))}`,
        ]
      : []),
    ...(action ? [`   ${en.console.question.proposed}: ${en.console.healing.actions[action]}`] : []),
  ];
}

/** Exactly what would be called with what: an argument a line, and why it is asked where the risk does not say so. */
const callLines = ({ tool, connection, risk, arguments: args, reasons }: AskedCall): string[] => [
  `   ${RISK_ICON[risk] || '🔧 '}${oneLine(tool)} · ${oneLine(connection)} · ${(isDelegated(tool) ? en.console.plan.risks : en.console.plan.callRisks)[risk].toLowerCase()}`,
  ...Object.entries(args).map(([name, value]) => `        ${oneLine(name)}: ${plain(JSON.stringify(value))}`),
  ...reasons.filter((reason) => reason !== 'risk').map((reason) => `        ${en.console.calls.reasons[reason]}`),
];

/** Everything worth a line that has happened so far, oldest first; a line changes when its matter does. */
export function newsLines({ plan, healing, steering, approval }: JobStatus): string[] {
  const quorum = approval?.policy.quorum ?? 1;
  const given = approval?.approvals?.length ?? 0;
  return [
    ...(plan ? phaseLines(plan.steps) : []),
    ...healing.map(
      ({ attempt, rootCause, action, status, stepId }) =>
        `🩹 ${en.console.healing.attempt(attempt, oneLine(rootCause), en.console.healing.actions[action], en.console.healing.statuses[status])}` +
        ` (${oneLine(plan?.steps.find(({ id }) => id === stepId)?.title || stepId)})`,
    ),
    ...steering.map(({ message, mode, status }) => {
      const words = [mode === 'stop' ? en.console.steer.stopLabel : '', message && `“${oneLine(message)}”`];
      return `${STEERING_ICON[status]} ${words.filter(Boolean).join(' ')} (${en.console.steer.statuses[status]})`;
    }),
    ...(approval && quorum > 1 && given > 0 ? [`✋ ${en.console.question.quorum(given, quorum)}`] : []),
  ];
}

const phaseLines = (steps: readonly StepView[]): string[] =>
  toPhases(steps)
    .filter(({ steps: own }) => own.some(({ status }) => status !== 'pending'))
    .flatMap(({ nth, total, steps: own }) => [
      `${en.console.plan.phase(nth, total)}: ${own.map(({ title, id }) => oneLine(title || id)).join(', ')}`,
      ...own.filter(isSettled).map((step) => `  ${outcomeLine(step)}`),
    ]);

const isSettled = ({ status }: StepView): boolean => status === 'done' || status === 'failed' || status === 'skipped';

const outcomeLine = ({ status, title, id, agent, costCents, reason }: StepView): string =>
  [
    `${STATUS_ICON[status]} ${oneLine(title || id)}`,
    ...(agent ? [nameOf(agent)] : []),
    ...(costCents > 0 ? [formatCents(costCents)] : []),
    ...(reason && status !== 'done' ? [oneLine(reason)] : []),
  ].join(' · ');

/** What a plan comes to at the end: how much of it is in the answer, what a stop cost, or what would have happened. */
export function planClosingLines({ result, receipt, dryRun, plan }: JobStatus): string[] {
  const coverage = plan && result?.coverage;
  return [
    ...(dryRun && (plan || !result) ? [`   ${en.console.plan.dryRun}`] : []),
    ...(dryRun && plan ? proposedLines(plan.steps.flatMap(priced)) : []),
    ...(dryRun && plan
      ? [
          `   Estimated ${formatCents(plan.cents)}, at most ${formatCents(plan.worstCents)}, ${en.console.plan.minutes(plan.minutes)}`,
        ]
      : []),
    ...(coverage ? [`   ${en.console.plan.coverage(coverage.answered, coverage.total)}`] : []),
    ...(coverage?.missing ?? []).map(({ title, reason }) => `   Missing: ${oneLine(title)}: ${oneLine(reason)}`),
    ...(receipt
      ? [
          `   ${en.console.receipt.title[receipt.mode]}: ${en.console.receipt.calls(receipt.callsInFlight)}, ` +
            `${en.console.receipt.spent(formatCents(receipt.spentAfterStopCents))}, ${en.console.receipt.steps(receipt.stepsDone, receipt.stepsTotal)}`,
        ]
      : []),
  ];
}

const priced = (step: StepView): PricedStep[] => (step.estimate ? [{ ...step, estimate: step.estimate }] : []);
