import type { Category } from '../../../contracts/agents.ts';
import { nanosToCents } from '../../../contracts/money.ts';
import { toPhases } from '../../../contracts/phases.ts';
import { textsFor } from '../../../contracts/texts.ts';
import type { SlackMessage } from '../../../domain/reports/slack-port.ts';
import { healingLines, steeringLines } from './notes.ts';
import { cents, context, progressBar, quoted, section, sections } from './pieces.ts';
import { phaseLines } from './plan.ts';
import type { Shown } from '../../../domain/reports/shown.ts';

const CATEGORY_EMOJI: Readonly<Record<Category, string>> = {
  quick: '⚡',
  ultrabrain: '🧠',
  'visual-engineering': '🎨',
  artistry: '✨',
};
const STEP_CHARS = 300;

/** Received, or at work: the step, the bars, what was healed and what people have said since. */
export function working(shown: Shown): SlackMessage {
  const { orchestration } = shown;
  const texts = textsFor(orchestration.language);
  const icon = orchestration.status === 'pending' ? '🔄' : '⏳';
  const line = `${icon} ${quoted(orchestration.step, STEP_CHARS)}`;
  const emoji = orchestration.category ? `${CATEGORY_EMOJI[orchestration.category]} ` : '';
  const bar = `${emoji}\`${progressBar(orchestration.progress)}\``;
  const healing = healingLines(shown.healing, texts);
  const steering = steeringLines(shown.steering, texts);
  const phases = shown.plan ? phaseLines(shown.steps, texts) : [];
  const notes = [...healing, ...steering];
  const spent = shown.plan ? `${texts.plan.spent}: ${cents(nanosToCents(shown.costNanos))}` : '';
  return {
    text: [line, runningLine(shown, phases), healing[0], steering[0]].filter(Boolean).join('\n'),
    blocks: [
      section(`${line}\n${bar}`),
      ...sections(phases, 8, texts.plan.more),
      ...(notes.length ? [context(notes.join('\n'))] : []),
      ...(spent ? [context(spent)] : []),
    ],
  };
}

/** The line of the first phase that is not over, for clients that show no blocks. */
const runningLine = ({ steps }: Shown, lines: readonly string[]): string | undefined =>
  lines[toPhases(steps).findIndex(({ percent }) => percent < 100)]?.replaceAll('`', '');
