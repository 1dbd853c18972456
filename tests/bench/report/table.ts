import { verdictOf, type Row } from './row.ts';

const HEAD = ['goal', 'reference', 'measured', 'ratio', ''];
const WIDEST = 72;

/** The rows as aligned text, notes below their row. */
export function toTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.goal,
    row.reference,
    row.measured,
    row.ratio === undefined ? '' : `${row.ratio.toFixed(2)} ×`,
    verdictOf(row),
  ]);
  const widths = HEAD.map((_, column) =>
    Math.min(WIDEST, Math.max(...[HEAD, ...cells].map((line) => line[column]?.length ?? 0))),
  );
  const toLine = (line: readonly string[]) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const lines = cells.flatMap((line, nth) => {
    const note = rows[nth]?.note;
    return note ? [toLine(line), `    ${note}`] : [toLine(line)];
  });
  return [toLine(HEAD), widths.map((width) => '─'.repeat(width)).join('  '), ...lines].join('\n');
}
