import { sql, type Kysely } from 'kysely';

const allow = async (db: Kysely<unknown>, states: string): Promise<void> => {
  await sql`alter table effects drop constraint effects_undo_state_check`.execute(db);
  await sql`alter table effects add constraint effects_undo_state_check
    check (undo_state in (${sql.raw(states)}))`.execute(db);
};

/**
 * Who renews a connection's grant, and until when nobody else does: no transaction is held while a server answers. And what
 * an undo would lose of others' work: it is asked about first, and what a person has said yes to is kept.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table connections add column renewal_holder uuid, add column renewal_until timestamptz`.execute(db);
  await allow(db, `'PENDING', 'DONE', 'UNKNOWN', 'FAILED', 'ASK'`);
  await sql`alter table effects add column undo_losses jsonb, add column undo_accepted jsonb`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`update effects set undo_state = 'FAILED' where undo_state = 'ASK'`.execute(db);
  await sql`alter table effects drop column undo_losses, drop column undo_accepted`.execute(db);
  await allow(db, `'PENDING', 'DONE', 'UNKNOWN', 'FAILED'`);
  await sql`alter table connections drop column renewal_holder, drop column renewal_until`.execute(db);
}
