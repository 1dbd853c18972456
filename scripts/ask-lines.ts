import type { Approval } from '../contracts/approval.ts';
import type { JobStatus } from '../contracts/orchestration.ts';
import { formatCents, formatClock, formatDuration, formatShare } from '../web/text/format.ts';
import { en } from '../web/text/en.ts';
import { evidenceLines, planClosingLines, proposedLines } from './ask-plan.ts';
import { nameOf, oneLine, plain } from './ask-words.ts';

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
export function progressLine(status: JobStatus): string {
  const full = Math.round((Math.min(100, Math.max(0, status.progress)) / 100) * BAR_CELLS);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
  const step = oneLine(status.step);
  return `${bar} ${Math.round(status.progress)} %  ${step}  ${formatClock(status.durationMs)}  ${formatCents(status.costCents)}`;
}

/** The question of an approval with what it rests on. */
export function approvalLines(approval: Approval, now: number): string[] {
  const { plan, expiresAt, kind } = approval;
  const { steps, agents, minutes } = plan;
  const price = [
    `Estimated ${formatCents(plan.estimatedCents)}`,
    `at most ${formatCents(plan.worstCaseCents)}`,
    ...(minutes === undefined ? [] : [en.plan.minutes(minutes)]),
  ].join(', ');
  const expires = `expires in ${formatClock(Date.parse(expiresAt) - now)}`;
  return [
    `✋ ${en.question.titles[kind]} ${plain(plan.question)}`,
    ...(plan.goal ? [`   ${oneLine(plan.goal)}`] : []),
    ...proposedLines(steps ?? []),
    ...(agents.length && !steps
      ? [
          `   Agents: ${agents.map(({ agent }) => nameOf(agent)).join(', ')} (${en.approval.modes[plan.mode].toLowerCase()})`,
        ]
      : []),
    ...evidenceLines(approval),
    `   ${price}; ${expires}`,
  ];
}

/** What stands below the answer: how it ended, who worked, who did not, and what it took. */
export function closingLines(status: JobStatus): string[] {
  const { result } = status;
  const agents = (result?.agents_used ?? []).map(nameOf).join(', ');
  const models = (result?.models_used ?? []).map(plain).join(', ');
  const took = `${formatDuration(status.durationMs, 'en')}, ${formatCents(status.costCents)}`;
  return [
    `${ICONS[status.status]} ${en.statuses[status.status]} in ${took}${status.demo ? ' (demo: a scripted model answered)' : ''}`,
    ...(status.error ? [`   ${plain(status.error.message)}`] : []),
    ...(agents === '' ? [] : [`   Agents: ${agents}${models === '' ? '' : ` (${models})`}`]),
    ...planClosingLines(status),
    ...(status.plan ? [] : (result?.missing_agents ?? [])).map(
      ({ agent, reason }) => `   Missing: ${nameOf(agent)}: ${plain(reason)}`,
    ),
    `   Continue with: npm run ask -- --session ${plain(status.sessionId)} "…"`,
  ];
}

/** The answer itself, in Markdown, with what the other agents added. */
export function answerLines({ result, plan }: JobStatus): string[] {
  if (!result) return [];
  const nameOfPart = (step: string | undefined, agent: string): string => {
    const title = plan?.steps.find(({ id }) => id === step)?.title;
    return title ? `${oneLine(title)} (${nameOf(agent)})` : nameOf(agent);
  };
  const insights = result.supporting_insights.map(
    ({ agent, content, weight, step }) =>
      `\n### ${nameOfPart(step, agent)} (weight ${formatShare(weight)})\n\n${plain(content)}`,
  );
  return [plain(result.primary_result), ...insights];
}
