import { sql, type Kysely } from 'kysely';

/** Who renews a connection's grant, and until when nobody else does: no transaction is held while a server answers. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table connections add column renewal_holder uuid, add column renewal_until timestamptz`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`alter table connections drop column renewal_holder, drop column renewal_until`.execute(db);
}
