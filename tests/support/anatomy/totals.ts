import type { Anatomy, PlacedTransaction } from './anatomy.ts';
import type { MeteredProcess } from './statement-meter.ts';

/** What is asked of Postgres. */
export interface AskedOfPostgres {
  readonly statements: number;
  readonly transactions: number;
  readonly roundTrips: number;
  /** Commits that tell events. */
  readonly told: number;
}

/** The numbers of one request that follow from its kind alone. */
export interface Totals extends AskedOfPostgres {
  readonly workflowTasks: number;
  readonly activities: number;
  readonly localActivities: number;
  readonly searchAttributeUpserts: number;
  readonly historyEvents: number;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export const askedBy = (
  transactions: readonly Pick<PlacedTransaction, 'statements' | 'roundTrips' | 'tellsEvents'>[],
): AskedOfPostgres => ({
  statements: sum(transactions.map(({ statements }) => statements.length)),
  transactions: transactions.length,
  roundTrips: sum(transactions.map(({ roundTrips }) => roundTrips)),
  told: transactions.filter(({ tellsEvents }) => tellsEvents).length,
});

export const askedByProcess = ({ transactions }: Anatomy, name: MeteredProcess): AskedOfPostgres =>
  askedBy(transactions.filter(({ process }) => process === name));

/** The parts of the work in the order in which they began. */
export const phasesOf = ({ transactions }: Anatomy): (AskedOfPostgres & { readonly phase: string })[] =>
  [...new Set(transactions.map(({ phase }) => phase))].map((phase) => ({
    phase,
    ...askedBy(transactions.filter((one) => one.phase === phase)),
  }));

export const totalsOf = ({ transactions, history }: Anatomy): Totals => ({
  ...askedBy(transactions),
  workflowTasks: history.workflowTasks,
  activities: sum(Object.values(history.activities)),
  localActivities: sum(Object.values(history.localActivities)),
  searchAttributeUpserts: history.searchAttributeUpserts,
  historyEvents: history.events,
});

/** Every transaction with its statements, as lines of text. */
export const transactionLines = ({ transactions }: Anatomy): string[] =>
  transactions.map(
    ({ process, phase, roundTrips, statements, tellsEvents }) =>
      `${process.padEnd(6)}  ${phase.padEnd(24)}  ${String(roundTrips).padStart(2)}  ${[...statements, ...(tellsEvents ? ['tells events'] : [])].join('; ') || '–'}`,
  );
