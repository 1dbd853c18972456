import { MAX_SHOWN_UNDO_QUESTIONS } from '../../contracts/effects.ts';
import type { Approval } from '../../contracts/approval.ts';
import type { Texts } from '../../contracts/texts.ts';
import type { AskedCall, LeftOut } from '../../contracts/tools.ts';
import type { EffectNote } from '../../domain/reports/report-state.ts';
import { showInvisible } from '../../contracts/clean-text.ts';
import { code, cut, escaped, quoted } from './block-kit.ts';

const NAME_CHARS = 80;
/** A section holds 3,000 characters; what does not fit is counted, and stands in the console whole. */
const ARGUMENTS_CHARS = 2_400;

/** Calls that wait: where, how risky, why it is asked, and with exactly which arguments. */
export const callLines = (calls: readonly AskedCall[], texts: Texts): string[] =>
  calls.flatMap((call) => [titleOf(call, texts), argumentsOf(call)]);

/** The same without the arguments, for notifications. */
export const callTitles = (calls: readonly AskedCall[], texts: Texts): string[] =>
  calls.map((call) => titleOf(call, texts));

const RISK_ICON = { read: '🔎', write: '✏️', production: '🚨' } as const;

function titleOf({ tool, connection, risk, reasons }: AskedCall, texts: Texts): string {
  const why = reasons.map((reason) => texts.tools.askReasons[reason]).join(', ');
  return [`${RISK_ICON[risk]} ${code(tool, NAME_CHARS)}`, quoted(connection, NAME_CHARS), why]
    .filter(Boolean)
    .join(' · ');
}

/** All that is shown of a call when nothing is cut. */
export function wholeCall(call: AskedCall): string[] {
  return [code(call.tool, Infinity), quoted(call.connection, Infinity), escaped(argumentsText(call))];
}

/** Still JSON, with nothing in it unseen, and no backticks that would end the block. */
const argumentsText = ({ arguments: args }: AskedCall): string =>
  showInvisible(JSON.stringify(args, null, 1)).replaceAll('`', '\\u0060');

/** As a block of code, in which nothing is a mention, a link or a format. What is left out is counted, never dropped. */
function argumentsOf(call: AskedCall): string {
  const whole = argumentsText(call);
  let shown = cut(whole, ARGUMENTS_CHARS);
  // Escaped it is longer, and what Slack cannot hold would be cut off unsaid.
  while (escaped(shown).length > ARGUMENTS_CHARS) shown = cut(shown, Math.floor(shown.length * 0.9));
  const left = whole.length - shown.length;
  return `\`\`\`${escaped(shown)}${left > 0 ? `… (+${left})` : ''}\`\`\``;
}

/** Where a grant is renewed. */
export const reconnectLink = ({ connection, url }: NonNullable<Approval['plan']['reconnect']>, texts: Texts): string =>
  `<${url}|${texts.tools.reconnect(quoted(connection, NAME_CHARS).replaceAll('|', ' '))}>`;

const ICON = { DONE: '✏️', UNKNOWN: '❓', PENDING: '❓', FAILED: '❌' } as const;

/** What was changed outside, with links, and what of it can be taken back. */
export function changeLines(effects: readonly EffectNote[], texts: Texts): string[] {
  // What certainly did not happen changed nothing.
  const shown = effects.filter(({ state }) => state !== 'FAILED');
  // One that failed may be tried again.
  const undoable = shown.filter(
    ({ state, undoable: can, undo_state: undo }) => state === 'DONE' && can && undo !== 'PENDING' && undo !== 'DONE',
  ).length;
  const asking = shown.filter(({ undo_state: undo }) => undo === 'ASK').length;
  const { mayUndoAnyway, mayUndoInConsole, mayUndo } = texts.tools;
  const next = asking > MAX_SHOWN_UNDO_QUESTIONS ? mayUndoInConsole : asking > 0 ? mayUndoAnyway : mayUndo(undoable);
  const title = shown.length > 0 ? [`*${texts.tools.changed}*`] : [];
  return [...title, ...shown.map((effect) => lineOf(effect, texts)), ...(undoable > 0 ? [next] : [])];
}

const LOSS_CHARS = 400;

function backOf({ undo_state: undo, undo_losses: losses }: EffectNote, { tools }: Texts): string {
  if (undo === 'ASK') return tools.wouldLose((losses ?? []).map((loss) => quoted(tools.loss(loss), LOSS_CHARS)));
  if (undo === 'DONE') return tools.takenBack;
  return undo === 'FAILED' || undo === 'UNKNOWN' ? tools.notTakenBack : '';
}

function lineOf(effect: EffectNote, texts: Texts): string {
  const { tool, state, resource, undo_state: undo } = effect;
  const url = resource?.url && /^https?:\/\/[^\s<>|]+$/.test(resource.url) ? resource.url : undefined;
  const where = url ? `<${url}>` : resource ? quoted(resource.id, NAME_CHARS) : '';
  const unknown = state === 'UNKNOWN' || state === 'PENDING' ? texts.tools.openEffect : '';
  return [`${undo === 'DONE' ? '↩️' : ICON[state]} ${code(tool, NAME_CHARS)}`, where, unknown, backOf(effect, texts)]
    .filter(Boolean)
    .join(' · ');
}

const named = (connection: string, url: string | undefined): string => {
  const name = quoted(connection, NAME_CHARS);
  return url ? `<${url}|${name.replaceAll('|', ' ')}>` : name;
};

/** Connections whose tools could not be used, and why. */
export const leftOutLines = (leftOut: readonly LeftOut[], texts: Texts): string[] =>
  leftOut.map(
    ({ connection, reason, url }) =>
      `⚠️ ${texts.tools.leftOut}: ${named(connection, url)} (${texts.tools.leftOutReasons[reason]})`,
  );
