import { median } from './statistics.ts';

/** Does the same several times; interleaving is what one round does inside. */
export async function rounds<T>(count: number, round: (nth: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let nth = 1; nth <= count; nth++) all.push(await round(nth));
  return all;
}

/** The median over rounds of one figure. */
export const middle = <T>(all: readonly T[], figure: (round: T) => number): number => median(all.map(figure));
