import { stripVTControlCharacters } from 'node:util';
import type { Approval } from '../contracts/approval.ts';
import type { JobStatus } from '../contracts/orchestration.ts';
import { formatCents, formatClock, formatDuration, formatShare } from '../web/text/format.ts';
import { en } from '../web/text/en.ts';

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

/** Text of others without anything a terminal would obey. */
export const plain = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what this removes
  stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '');

/** `█████░░░░░ 52 %  Running agent: Brand (2/3)  0:12  3.1¢` */
export function progressLine(status: JobStatus): string {
  const full = Math.round((Math.min(100, Math.max(0, status.progress)) / 100) * BAR_CELLS);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
  const step = plain(status.step).replaceAll('\n', ' ');
  return `${bar} ${Math.round(status.progress)} %  ${step}  ${formatClock(status.durationMs)}  ${formatCents(status.costCents)}`;
}

/** The question of an approval with what it rests on. */
export function approvalLines({ plan, expiresAt }: Approval, now: number): string[] {
  return [
    `✋ ${plain(plan.question)}`,
    `   Agents: ${plan.agents.map(({ agent }) => nameOf(agent)).join(', ')} (${en.approval.modes[plan.mode].toLowerCase()})`,
    `   Estimated ${formatCents(plan.estimatedCents)}, at most ${formatCents(plan.worstCaseCents)}; expires in ${formatClock(Date.parse(expiresAt) - now)}`,
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
    ...(result?.missing_agents ?? []).map(({ agent, reason }) => `   Missing: ${nameOf(agent)}: ${plain(reason)}`),
    `   Continue with: npm run ask -- --session ${plain(status.sessionId)} "…"`,
  ];
}

/** The answer itself, in Markdown, with what the other agents added. */
export function answerLines({ result }: JobStatus): string[] {
  if (!result) return [];
  const insights = result.supporting_insights.map(
    ({ agent, content, weight }) => `\n### ${nameOf(agent)} (weight ${formatShare(weight)})\n\n${plain(content)}`,
  );
  return [plain(result.primary_result), ...insights];
}

const nameOf = (agent: string): string => {
  const names: Record<string, string> = en.agents;
  return names[agent] ?? plain(agent);
};
