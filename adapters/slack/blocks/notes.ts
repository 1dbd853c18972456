import type { StopReceipt } from '../../../contracts/steering.ts';
import { AGENT_NAMES, type Texts } from '../../../contracts/texts.ts';
import type { HealingNote, SteeringNote } from '../../../db/queries/notes.ts';
import { cents, quoted } from './pieces.ts';

const SHOWN = 3;
const CAUSE_CHARS = 300;
const MESSAGE_CHARS = 80;
const STEERING_ICON = { pending: '⏳', delivered: '✅', dropped: '⚠️' } as const;

/** The attempts to heal, the latest first. */
export const healingLines = (healing: readonly HealingNote[], texts: Texts): string[] =>
  latest(healing, texts, ({ attempt, root_cause: cause, action, agent, status }) => {
    const { healingActions: actions, healingStatuses } = texts;
    const what = agent && action === 'another_agent' ? `${actions[action]} (${AGENT_NAMES[agent]})` : actions[action];
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
