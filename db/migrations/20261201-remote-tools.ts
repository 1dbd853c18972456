import { sql, type Kysely } from 'kysely';

/** What a server lists and nobody can call, how long its calls may take, and the pictures of an answer. */
const COLUMNS: readonly (readonly [table: string, column: string, type: string])[] = [
  ['connections', 'unusable_tools', `jsonb not null default '[]'`],
  ['connections', 'call_limits', `jsonb not null default '{}'`],
  ['tool_calls', 'images', 'jsonb'],
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [table, column, type] of COLUMNS)
    await sql`alter table ${sql.table(table)} add column ${sql.ref(column)} ${sql.raw(type)}`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const [table, column] of COLUMNS)
    await sql`alter table ${sql.table(table)} drop column ${sql.ref(column)}`.execute(db);
}
