import { sql, type Kysely } from 'kysely';

const UP = [
  // What an admin has decided about a tool as it was then; `decided_hash` ends it when the tool changes.
  `alter table connection_tools add column always_allowed boolean not null default false`,
  `alter table connection_tools add column declared_risk text check (declared_risk in ('read', 'write', 'production'))`,
  `alter table connection_tools add column decided_hash text`,
  `alter table connection_tools add column decided_by uuid`,
  // The planner has seen untrusted text.
  `alter table orchestrations add column plan_tainted boolean not null default false`,
];

const DOWN = [
  `alter table orchestrations drop column plan_tainted`,
  `alter table connection_tools drop column always_allowed, drop column declared_risk,
    drop column decided_hash, drop column decided_by`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of UP) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const statement of DOWN) await sql.raw(statement).execute(db);
}
