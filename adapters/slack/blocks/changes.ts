import type { Texts } from '../../../contracts/texts.ts';
import type { LeftOut } from '../../../contracts/tools.ts';
import type { EffectNote } from '../../../db/queries/notes.ts';
import { code, quoted } from './pieces.ts';

const NAME_CHARS = 80;
const ICON = { DONE: '✏️', UNKNOWN: '❓', PENDING: '❓', FAILED: '❌' } as const;

/** What was changed outside, with links, and what of it can be taken back. */
export function changeLines(effects: readonly EffectNote[], texts: Texts): string[] {
  // What certainly did not happen changed nothing.
  const told = effects.filter(({ state }) => state !== 'FAILED');
  // One that failed may be tried again.
  const undoable = told.filter(
    ({ state, undoable: can, undo_state: undo }) => state === 'DONE' && can && undo !== 'PENDING' && undo !== 'DONE',
  ).length;
  return [
    ...(told.length > 0 ? [`*${texts.tools.changed}*`] : []),
    ...told.map((effect) => lineOf(effect, texts)),
    ...(undoable > 0 ? [texts.tools.mayUndo(undoable)] : []),
  ];
}

function lineOf({ tool, state, resource, undo_state: undo }: EffectNote, texts: Texts): string {
  const url = resource?.url && /^https?:\/\/[^\s<>|]+$/.test(resource.url) ? resource.url : undefined;
  const where = url ? `<${url}>` : resource ? quoted(resource.id, NAME_CHARS) : '';
  const unknown = state === 'UNKNOWN' || state === 'PENDING' ? texts.tools.openEffect : '';
  const back =
    undo === 'DONE' ? texts.tools.takenBack : undo === 'FAILED' || undo === 'UNKNOWN' ? texts.tools.notTakenBack : '';
  return [`${undo === 'DONE' ? '↩️' : ICON[state]} ${code(tool, NAME_CHARS)}`, where, unknown, back]
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
