import type { Approval } from '../contracts/approval.ts';
import type { JobStatus } from '../contracts/orchestration.ts';
import { en } from '../contracts/texts/en.ts';
import { formatCents, formatClock, formatDuration, formatShare } from '../web/text/format.ts';
import { evidenceLines, nameOf, oneLine, plain, planClosingLines, proposedLines } from './ask-plan.ts';

const BAR_CELLS = 20;
const ICONS: Record<JobStatus['status'], string> = {
  pending: '🔄',
  running: '⏳',
  awaiting_approval: '✋',
  completed: '✅',
  partial: '⚠️',
  failed: '❌',
  cancelled: '🚫',
  expired: '⌛',
};

/** `█████░░░░░ 52 %  Running agent: Brand (2/3)  0:12  3.1¢` */
function progressLine(status: JobStatus): string {
  const full = Math.round((Math.min(100, Math.max(0, status.progress)) / 100) * BAR_CELLS);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
  const step = oneLine(status.step);
  return `${bar} ${Math.round(status.progress)} %  ${step}  ${formatClock(status.durationMs)}  ${formatCents(status.costCents)}`;
}

/** The question of an approval with what it rests on. */
export function approvalLines(approval: Approval, now: number): string[] {
  const { plan, expiresAt, kind } = approval;
  const { steps, agents } = plan;
  const first = kind === 'cost' || kind === 'requested';
  const expires = `expires in ${formatClock(Date.parse(expiresAt) - now)}`;
  return [
    `✋ ${en.console.question.titles[kind]} ${plain(plan.question)}`,
    ...(plan.goal ? [`   ${oneLine(plan.goal)}`] : []),
    ...proposedLines(steps ?? []),
    ...(agents.length && first
      ? [
          `   Agents: ${agents.map(({ agent }) => nameOf(agent)).join(', ')} (${en.console.approval.modes[plan.mode].toLowerCase()})`,
        ]
      : []),
    ...evidenceLines(approval),
    `   ${steps || first ? priceOf(plan) : spentOf(plan)}${expires}`,
  ];
}

const priceOf = ({ estimatedCents, worstCaseCents, minutes }: Approval['plan']): string =>
  [
    `Estimated ${formatCents(estimatedCents)}`,
    `at most ${formatCents(worstCaseCents)}`,
    ...(minutes === undefined ? [] : [en.console.plan.minutes(minutes)]),
  ].join(', ') + '; ';

/** In the midst of the work the cents are what is spent already; a refused budget says what it lacks. */
const spentOf = ({ estimatedCents, raise }: Approval['plan']): string =>
  raise ? '' : `${en.console.question.spent}: ${formatCents(estimatedCents)}; `;

/** What stands below the answer: how it ended, who worked, who did not, and what it took. */
export function closingLines(status: JobStatus): string[] {
  const { result } = status;
  const agents = (result?.agents_used ?? []).map(nameOf).join(', ');
  const models = (result?.models_used ?? []).map(plain).join(', ');
  const took = `${formatDuration(status.durationMs, 'en')}, ${formatCents(status.costCents)}`;
  return [
    `${ICONS[status.status]} ${en.console.statuses[status.status]} in ${took}${status.demo ? ' (demo: a scripted model answered)' : ''}`,
    ...(status.error ? [`   ${plain(status.error.message)}`] : []),
    ...(agents === '' ? [] : [`   Agents: ${agents}${models === '' ? '' : ` (${models})`}`]),
    ...planClosingLines(status),
    ...(status.plan ? [] : (result?.missing_agents ?? [])).map(
      ({ agent, reason }) => `   Missing: ${nameOf(agent)}: ${plain(reason)}`,
    ),
    ...changeLines(status),
    `   Continue with: npm run ask -- --session ${plain(status.sessionId)} "…"`,
  ];
}

/** What was changed outside and what the work had to do without; the address that takes it back. */
const changeLines = ({ jobId, effects: { done, unknown, undoable }, leftOut }: JobStatus): string[] => [
  ...(done + unknown > 0 ? [`   ${en.console.effects.title}: ${en.console.effects.counts(done, unknown)}`] : []),
  ...(undoable > 0
    ? [`   ${en.console.effects.undo(undoable)}: POST /api/jobs/${plain(jobId)}/undo, or in the console`]
    : []),
  ...leftOut.map(
    ({ connection, reason }) =>
      `   ${en.console.calls.leftOut}: ${oneLine(connection)} ${en.console.calls.leftOutReasons[reason]}`,
  ),
];

/** The answer itself, in Markdown, with what the other agents added. */
export function answerLines({ result, plan, dryRun }: JobStatus): string[] {
  // A plan that would run stands below, step by step.
  if (!result || (dryRun && plan)) return [];
  const nameOfPart = (step: string | undefined, agent: string): string =>
    step ? `${oneLine(step)} (${nameOf(agent)})` : nameOf(agent);
  const insights = result.supporting_insights.map(
    ({ agent, content, weight, step }) =>
      `\n### ${nameOfPart(step, agent)} (weight ${formatShare(weight)})\n\n${plain(content)}`,
  );
  return [plain(result.primary_result), ...insights];
}

export interface Screen {
  /** Shows how far the job is: one line redrawn on a terminal, a line per new step elsewhere. */
  progress(status: JobStatus): void;
  /** A line that stays. */
  line(text: string): void;
  /** Takes the redrawn line away. */
  clear(): void;
}

/** Progress goes to standard error, so that the answer alone can be piped on. */
export function createScreen(out: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>): Screen {
  let drawn = '';
  const clear = (): void => {
    if (out.isTTY && drawn !== '') out.write('\r\u001B[2K');
    drawn = '';
  };
  return {
    progress(status) {
      const line = progressLine(status);
      if (out.isTTY) {
        clear();
        drawn = fit(line, (out.columns || 80) - 1);
        out.write(drawn);
      } else if (drawn !== status.step) {
        drawn = status.step;
        out.write(`${line}\n`);
      }
    },
    line(text) {
      clear();
      out.write(`${text}\n`);
    },
    clear,
  };
}

/** As much of a line as fits the columns; Korean letters and most signs outside the Latin plane take two. */
export function fit(line: string, columns: number): string {
  let width = 0;
  let fitting = '';
  for (const sign of line) {
    width += isWide(sign) ? 2 : 1;
    if (width > columns) return fitting;
    fitting += sign;
  }
  return fitting;
}

const isWide = (sign: string): boolean =>
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60]|\p{Emoji_Presentation}/u.test(sign);
