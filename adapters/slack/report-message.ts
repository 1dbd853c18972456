import type { Category } from '../../contracts/agents.ts';
import { nanosToCents } from '../../contracts/money.ts';
import { toPhases } from '../../contracts/phases.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { ReportState } from '../../domain/reports/report-state.ts';
import { cents, context, progressBar, quoted, section, sections, type BlockMessage } from './block-kit.ts';
import { finalMessage } from './final-message.ts';
import { questionMessage } from './question-message.ts';
import { healingLines, phaseLines, steeringLines } from './work-lines.ts';

const CATEGORY_EMOJI: Readonly<Record<Category, string>> = {
  quick: '⚡',
  ultrabrain: '🧠',
  'visual-engineering': '🎨',
  artistry: '✨',
};
const STEP_CHARS = 300;

/** The message of an orchestration as it is now: received, working, asking, or its end. Pure. */
export function toReportMessage(state: ReportState): BlockMessage {
  const { status, approval } = state.orchestration;
  if (status === 'awaiting_approval' && approval) return questionMessage(state, approval);
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
