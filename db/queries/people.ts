import { sql, type Insertable, type Kysely, type Selectable } from 'kysely';
import type { Principal } from '../../contracts/principal.ts';
import type { Database } from '../tables/index.ts';
import type { AuditTable, UsersTable } from '../tables/doors.ts';
import type { OrganizationTransaction } from '../organization.ts';

export type User = Selectable<UsersTable>;

/** Whom a token (its SHA-256) belongs to; asked before the organization is known. */
export async function findPrincipal(db: Kysely<Database>, tokenHash: Buffer): Promise<Principal | undefined> {
  const { rows } = await sql<Principal>`
    select organization_id as "organizationId", user_id as "userId", name, role, time_zone as "timeZone"
    from find_token(${tokenHash})`.execute(db);
  return rows[0];
}

interface Workspace {
  readonly organizationId: string;
  readonly teamId: string;
  readonly botUserId: string;
}

/** The organization of a Slack workspace; asked before the organization is known. */
export async function findWorkspace(db: Kysely<Database>, teamId: string): Promise<Workspace | undefined> {
  const { rows } = await sql<Workspace>`
    select organization_id as "organizationId", team_id as "teamId", bot_user_id as "botUserId"
    from find_slack_workspace(${teamId})`.execute(db);
  return rows[0];
}

export const findUser = (trx: OrganizationTransaction, id: string): Promise<User | undefined> =>
  trx.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();

/** Safe to repeat: an existing user of the same Slack identity is returned as it is. */
export const upsertSlackUser = (trx: OrganizationTransaction, row: Insertable<UsersTable>): Promise<User> =>
  trx
    .insertInto('users')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['organization_id', 'slack_team_id', 'slack_user_id'])
        .doUpdateSet((eb) => ({ slack_user_id: eb.ref('excluded.slack_user_id') })),
    )
    .returningAll()
    .executeTakeFirstOrThrow();

export const insertAudit = (trx: OrganizationTransaction, row: Insertable<AuditTable>) =>
  trx.insertInto('audit').values(row).execute();

/** The roles of these people; nobody asks without ids. */
export async function rolesOf(trx: OrganizationTransaction, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await trx
    .selectFrom('users')
    .select(['id', 'role'])
    .where('id', 'in', [...ids])
    .execute();
  return new Map(rows.map(({ id, role }) => [id, role]));
}

/** How Slack knows these people; those who are only known elsewhere are left out. */
export async function slackIdsOf(trx: OrganizationTransaction, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await trx
    .selectFrom('users')
    .select('slack_user_id')
    .where('id', 'in', [...ids])
    .execute();
  return rows.flatMap(({ slack_user_id: id }) => id ?? []);
}
