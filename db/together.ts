import { sql, type Compilable, type RawBuilder } from 'kysely';
import type { OrganizationTransaction } from './organization.ts';

/** Data-modifying statements as the beginning of another one, `with a as (…), b as (…)`; nothing for none. */
const asParts = (statements: readonly Compilable[]): RawBuilder<unknown>[] =>
  statements.map((statement, nth) => sql`${sql.ref(`along${nth}`)} as (${statement})`);

/**
 * Statements that change different rows, in one round trip. Each sees the rows as they were before all of them, and
 * Postgres chooses their order: so none may need, or wait for, what another one locks or writes.
 */
export async function executeTogether(trx: OrganizationTransaction, statements: readonly Compilable[]): Promise<void> {
  if (statements.length > 0) await sql`with ${sql.join(asParts(statements))} select`.execute(trx);
}

/** As `executeTogether`, with one more whose first row is answered, undefined when it has none. It may be alone. */
export async function executeAlong<Row>(
  trx: OrganizationTransaction,
  statements: readonly Compilable[],
  main: Compilable<Row>,
): Promise<Row | undefined> {
  if (statements.length === 0) return (await trx.executeQuery(main)).rows[0];
  const { rows } = await sql<Row>`
    with ${sql.join([...asParts(statements), sql`main as (${main})`])} select * from main`.execute(trx);
  return rows[0];
}

/** Statements that go before the parts of a statement that has some already, each with its comma; see `executeTogether`. */
export const along = (statements: readonly Compilable[] = []): RawBuilder<unknown> =>
  statements.length === 0 ? sql`` : sql`${sql.join(asParts(statements))},`;
