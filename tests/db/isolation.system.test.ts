import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { withOrganization } from '../../db/organization.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTenant, type Tenant } from './world.ts';

/** T1, T2, T4 and G8: a canary row of every table for two organizations; neither may ever meet the other's. */
let database: TestDatabase;
let mine: Tenant;
let theirs: Tenant;
let tables: string[];

const CANARY = 'canary-of-';

beforeAll(async () => {
  database = await openTestDatabase();
  mine = await createTenant(database.db, 'Mine');
  theirs = await createTenant(database.db, 'Theirs');
  const found = await database.look<{ name: string }>(
    `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
     and not c.relispartition and c.relname !~ '^kysely_' order by 1`,
  );
  tables = found.map(({ name }) => name);
  for (const tenant of [mine, theirs]) for (const statement of canaries(tenant)) await database.look(statement);
});
afterAll(() => database?.drop());

const column = (table: string) => (table === 'organizations' ? 'id' : 'organization_id');

/** A row in every table, inserted by the superuser. */
function canaries({ organizationId: org, userId, sessionId }: Tenant): string[] {
  const job = randomUUID();
  const text = `${CANARY}${org}`;
  const inbox = randomUUID();
  return [
    `insert into api_tokens values ('${org}', sha256('${text}'), '${userId}', '${text}')`,
    `insert into slack_workspaces values ('${org}', 'T${org.slice(0, 8)}', '${text}', 'U')`,
    `insert into slack_memberships values ('${org}', '${userId}', '{${text}}', now())`,
    `insert into orchestrations (organization_id, id, session_id, user_id, source, message, language)
      values ('${org}', '${job}', '${sessionId}', '${userId}', 'rest', '${text}', 'en')`,
    `insert into steps (organization_id, orchestration_id, id, agent, position, relevance)
      values ('${org}', '${job}', 'brand', 'brand', 0, 1)`,
    `insert into plans (organization_id, orchestration_id, revision, source, state, draft)
      values ('${org}', '${job}', 1, 'planner', 'adopted', '${text}')`,
    `insert into plan_edits values ('${org}', '${randomUUID()}', '${job}', '${userId}', '{}')`,
    `insert into approvals values ('${org}', '${job}', '${text}', 'plan', '{}')`,
    `insert into approval_answers values ('${org}', '${userId}', '${job}')`,
    `insert into session_guests values ('${org}', '${sessionId}', '${userId}', null)`,
    `insert into usage_days (organization_id, day, model) values ('${org}', current_date, '${text}')`,
    `insert into approval_policies values ('${org}', '{}')`,
    `insert into steering (organization_id, id, orchestration_id, via, mode, message)
      values ('${org}', '${randomUUID()}', '${job}', 'rest', 'steer', '${text}')`,
    `insert into healing (organization_id, orchestration_id, step_id, attempt, root_cause, action, decided_by)
      values ('${org}', '${job}', 'brand', 1, '${text}', 'retry', 'rule')`,
    `insert into routing_overrides (organization_id, id, text, text_hash, language, agents, orchestration_id, user_id)
      values ('${org}', '${randomUUID()}', '${text}', '${text}', 'en', '[]', '${job}', '${userId}')`,
    `insert into routing_versions values ('${org}')`,
    `insert into routing_cache (organization_id, text_hash, demo, language, analysis, expires_at)
      values ('${org}', '${text}', false, 'en', '{}', now())`,
    `insert into messages values ('${org}', '${randomUUID()}', '${sessionId}', '${job}', 'user', '${text}')`,
    `insert into inbox (organization_id, id, source, kind, orchestration_id, body)
      values ('${org}', '${inbox}', 'rest', 'request', '${job}', '{}')`,
    `insert into inbox_keys values ('${org}', '${text}', '${inbox}')`,
    `insert into model_turns (organization_id, orchestration_id, turn_key, model, content, cost_nanos)
      values ('${org}', '${job}', 'analysis', 'm', '${text}', 1)`,
    `insert into usage (organization_id, id, orchestration_id, turn_key, model, state, reserved_nanos, reserved_on, expires_at)
      values ('${org}', '${randomUUID()}', '${job}', 'analysis', 'm', 'reserved', 1, current_date, now())`,
    `insert into budget_limits values ('${org}', 'user', '${userId}', 'day', 1)`,
    `insert into budget_windows values ('${org}', 'user', '${userId}', 'day', current_date, 0, 0, 1)`,
    `insert into budget_notices (organization_id, scope, user_id, period, starts_on, share, recipient_id, problem)
      values ('${org}', 'user', '${userId}', 'day', current_date, 1, '${userId}', '${text}')`,
    `insert into budget_policies values ('${org}', true, 0.8, 0.95)`,
    `insert into envelopes (organization_id, orchestration_id, wanted_nanos, reserved_on, expires_at)
      values ('${org}', '${job}', 1, current_date, now())`,
    `insert into slack_posts values ('${org}', '${job}')`,
    `insert into slack_buckets values ('${org}', '${text}', now())`,
    `insert into event_counters values ('${org}', 1)`,
    `insert into events values ('${org}', 1, 'connected', '${job}', null, null, '{"text": "${text}"}')`,
    `insert into model_keys values ('${org}', '${inbox}', '${text}', '1234', '${text}', '${text}')`,
    `insert into model_key_accounts (organization_id, id, key_id) values ('${org}', '${inbox}', '${inbox}')`,
    `insert into model_key_leases (organization_id, id, pool, taken_at, expires_at)
      values ('${org}', '${inbox}', '${org}', now(), now())`,
    `insert into connections (organization_id, id, provider, slug, name, kind, auth_kind, credentials)
      values ('${org}', '${inbox}', 'notion', 'notion', '${text}', 'first_party', 'api_key', '${text}')`,
    `insert into connection_tools (organization_id, connection_id, name, remote_name, definition, hash)
      values ('${org}', '${inbox}', 'notion__getTasks', 'getTasks', '{"description": "${text}"}', '${text}')`,
    `insert into oauth_states (organization_id, state_hash, connection_id, user_id, sealed, expires_at)
      values ('${org}', sha256('${text}'), '${inbox}', '${userId}', '${text}', now())`,
    `insert into tool_calls (organization_id, orchestration_id, id, tool, arguments, arguments_hash, risk)
      values ('${org}', '${job}', '${text}', 'notion__getTasks', '{}', '${text}', 'read')`,
    `insert into effects (organization_id, key, orchestration_id, tool, arguments, arguments_hash)
      values ('${org}', '${text}', '${job}', 'notion__createTask', '{}', '${text}')`,
    `insert into skills (organization_id, name, description, body) values ('${org}', 'a', '${text}', '${text}')`,
    `insert into audit values ('${org}', '${randomUUID()}', now(), null, 'test', '${text}', 'done')`,
  ];
}

const asMe = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
  withOrganization(database.db, mine.organizationId, work);

const rowsOf = async (tenant: Tenant) => {
  const rows: Record<string, unknown[]> = {};
  for (const table of tables)
    rows[table] = await database.look(
      `select * from ${table} where ${column(table)} = '${tenant.organizationId}' order by 1, 2`,
    );
  return rows;
};

describe('an organization', () => {
  it('has a canary in every table there is', async () => {
    for (const tenant of [mine, theirs])
      for (const [table, rows] of Object.entries(await rowsOf(tenant)))
        expect({ table, rows: rows.length }).toEqual({ table, rows: 1 });
  });

  it('reads its own rows of every table and nobody else’s', async () => {
    for (const table of tables) {
      const { rows } = await asMe((trx) =>
        sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(trx),
      );
      expect({ table, owners: rows.map((row) => row[column(table)]) }).toEqual({
        table,
        owners: [mine.organizationId],
      });
      expect(JSON.stringify(rows)).not.toContain(theirs.organizationId);
    }
  });

  /** The role may only add to some tables; that it may not change the others' rows is told by the row itself. */
  const unlessForbidden = async (work: Promise<{ numAffectedRows?: bigint | undefined }>) => {
    const answer = await work.catch((error: Error) => error);
    if (!(answer instanceof Error)) return answer.numAffectedRows;
    expect(answer.message).toContain('permission denied for table');
    return 0n;
  };

  it('updates and deletes nothing of anybody else, even when it names the row', async () => {
    const before = await rowsOf(theirs);
    for (const table of tables) {
      const theirRows = sql`${sql.ref(column(table))} = ${theirs.organizationId}`;
      const update = sql`update ${sql.table(table)} set ${sql.ref(column(table))} = ${mine.organizationId} where ${theirRows}`;
      const changed = await unlessForbidden(asMe((trx) => update.execute(trx)));
      const remove = sql`delete from ${sql.table(table)} where ${theirRows}`;
      const deleted = await unlessForbidden(asMe((trx) => remove.execute(trx)));
      expect([table, changed, deleted]).toEqual([table, 0n, 0n]);
    }
    expect(await rowsOf(theirs)).toEqual(before);
  });

  it('cannot insert a row for anybody else, nor give one of its own away', async () => {
    for (const table of tables) {
      const owner = sql.ref(column(table));
      const give = asMe((trx) => sql`update ${sql.table(table)} set ${owner} = ${theirs.organizationId}`.execute(trx));
      await expect(give).rejects.toThrow(/row-level security policy|permission denied for table/);
      const columns = await database.look<{ name: string }>(
        `select column_name as name from information_schema.columns where table_name = '${table}' and table_schema = 'public'
         and is_generated = 'NEVER' order by ordinal_position`,
      );
      const values = columns.map(({ name }) =>
        name === column(table) ? sql`${theirs.organizationId}::uuid` : sql`t.${sql.ref(name)}`,
      );
      const insert = asMe((trx) =>
        sql`insert into ${sql.table(table)} (${sql.join(columns.map(({ name }) => sql.ref(name)))}) select ${sql.join(values)} from ${sql.table(table)} t`.execute(
          trx,
        ),
      );
      await expect(insert).rejects.toThrow(/row-level security policy/);
    }
  });

  it('may use a value that another organization has used, and learns nothing from it', async () => {
    const key = `${CANARY}${theirs.organizationId}`;
    await asMe(async (trx) => {
      await sql`insert into slack_buckets values (${mine.organizationId}, ${key}, now())`.execute(trx);
      await sql`delete from slack_buckets where bucket = ${key}`.execute(trx);
    });
    const [workspace] = await database.look<{ team_id: string }>(
      `select team_id from slack_workspaces where organization_id = '${theirs.organizationId}'`,
    );
    // The one exception: a workspace belongs to one organization, and an installation proves whose it is.
    const claim = asMe((trx) =>
      sql`insert into slack_workspaces values (${mine.organizationId}, ${workspace?.team_id}, 'x', 'U')`.execute(trx),
    );
    await expect(claim).rejects.toThrow('slack_workspaces_team_id_key');
  });

  it('cannot point at a row of another organization', async () => {
    const insert = asMe((trx) =>
      sql`insert into orchestrations (organization_id, id, session_id, source, message, language)
          values (${mine.organizationId}, ${randomUUID()}, ${theirs.sessionId}, 'rest', 'x', 'en')`.execute(trx),
    );
    await expect(insert).rejects.toThrow('foreign key');
  });
});

describe('without an organization', () => {
  it('every table refuses to be read', async () => {
    for (const table of tables)
      await expect(sql`select * from ${sql.table(table)}`.execute(database.db)).rejects.toThrow(
        'no organization is set for this transaction',
      );
  });

  it('every table refuses again after a transaction that had one', async () => {
    await asMe((trx) => sql`select count(*) from usage`.execute(trx));
    for (const table of tables)
      await expect(sql`select * from ${sql.table(table)}`.execute(database.db)).rejects.toThrow(
        'no organization is set for this transaction',
      );
  });

  it('a made-up organization sees nothing, and a malformed one is an error', async () => {
    for (const table of tables) {
      const { rows } = await withOrganization(database.db, randomUUID(), (trx) =>
        sql`select * from ${sql.table(table)}`.execute(trx),
      );
      expect([table, rows]).toEqual([table, []]);
    }
    const malformed = withOrganization(database.db, "' or true --", (trx) => sql`select * from usage`.execute(trx));
    await expect(malformed).rejects.toThrow('has to be a UUID');
  });
});
