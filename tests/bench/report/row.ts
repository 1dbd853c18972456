/** One line of the table: what was promised, what was measured beside it, and whether it holds. */
export interface Row {
  readonly goal: string;
  /** What it is compared with: a figure of this run, or the one in the performance notes. */
  readonly reference: string;
  readonly measured: string;
  /** Measured over reference, where both are of this run. */
  readonly ratio?: number;
  /** The figure the goal is about. */
  readonly value: number;
  /** Without a bound the line only informs. */
  readonly bound?: Bound;
  readonly note?: string;
  /** Everything behind the figure, for the JSON file. */
  readonly figures?: unknown;
}

export type Bound = { readonly atMost: number; readonly stretch?: number } | { readonly atLeast: number };

export type Verdict = 'ok' | 'ok, stretch' | 'falls short' | '';

/** A value that is no number never passes. */
export function verdictOf({ value, bound }: Pick<Row, 'value' | 'bound'>): Verdict {
  if (!bound) return '';
  if ('atLeast' in bound) return value >= bound.atLeast ? 'ok' : 'falls short';
  if (bound.stretch !== undefined && value <= bound.stretch) return 'ok, stretch';
  return value <= bound.atMost ? 'ok' : 'falls short';
}

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
export const perSecond = (value: number): string => `${value.toFixed(1)}/s`;
export const mb = (value: number): string => `${value.toFixed(0)} MB`;
