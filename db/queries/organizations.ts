import { type Insertable, sql, type Kysely, type Selectable, type Updateable } from 'kysely';
import type { ApiTokensTable, SlackWorkspacesTable, UsersTable, AuditTable } from '../tables/organizations.ts';
import type { OrganizationTransaction } from '../organization.ts';
import type { Principal } from '../../contracts/request.ts';
import type { Database } from '../tables/index.ts';
import { storableText } from '../../contracts/json.ts';
import { ApprovalPolicy, type ApprovalPolicyView } from '../../contracts/approval.ts';

/** Safe to repeat: an existing organization keeps its name. */
export const putOrganization = (trx: OrganizationTransaction, row: { id: string; name: string }) =>
  trx
    .insertInto('organizations')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();

export const findOrganization = (trx: OrganizationTransaction, id: string) =>
  trx.selectFrom('organizations').selectAll().where('id', '=', id).executeTakeFirst();

/** Whether an admin of the organization has allowed that its work is handed to coding agents. */
export async function isDelegationAllowed(trx: OrganizationTransaction): Promise<boolean> {
  const row = await trx.selectFrom('organizations').select('delegation').executeTakeFirst();
  return row?.delegation ?? false;
}

export const setDelegation = (trx: OrganizationTransaction, id: string, delegation: boolean) =>
  trx.updateTable('organizations').set({ delegation }).where('id', '=', id).execute();

/** Safe to repeat: an existing user keeps what it has. */
export const putUser = (trx: OrganizationTransaction, row: Insertable<UsersTable>) =>
  trx
    .insertInto('users')
    .values(row)
    .onConflict((conflict) => conflict.columns(['organization_id', 'id']).doNothing())
    .execute();

export const putToken = (trx: OrganizationTransaction, row: Insertable<ApiTokensTable>) =>
  trx
    .insertInto('api_tokens')
    .values(row)
    .onConflict((conflict) => conflict.columns(['organization_id', 'token_hash']).doUpdateSet({ revoked_at: null }))
    .execute();

/** Takes back every token of this name but one, so that a changed development token ends the old one. */
export const revokeTokensOf = (trx: OrganizationTransaction, name: string, keepHash: Buffer) =>
  trx
    .updateTable('api_tokens')
    .set({ revoked_at: new Date().toISOString() })
    .where('name', '=', name)
    .where('token_hash', '!=', keepHash)
    .where('revoked_at', 'is', null)
    .execute();

/** Maps a workspace to this organization. Fails on the unique key when it belongs to another one already. */
export const putWorkspace = (trx: OrganizationTransaction, row: Insertable<SlackWorkspacesTable>) =>
  trx
    .insertInto('slack_workspaces')
    .values({ ...row, name: toName(row.name) })
    .onConflict((conflict) =>
      conflict
        .columns(['organization_id', 'team_id'])
        .doUpdateSet((eb) => ({ name: eb.ref('excluded.name'), bot_user_id: eb.ref('excluded.bot_user_id') })),
    )
    .execute();

export type User = Selectable<UsersTable>;

/** Somebody as their token knows them, and how Slack does. */
export interface TokenOwner extends Principal {
  readonly slack: {
    readonly teamId: string | null;
    readonly slackUserId: string | null;
    readonly checkedAt: Date | null;
    /** They have come into a conversation since it was listed of which they are members. */
    readonly membershipsStale: boolean;
  };
}

/** Whom a token (its SHA-256) belongs to; asked before the organization is known. */
export async function findPrincipal(db: Kysely<Database>, tokenHash: Buffer): Promise<TokenOwner | undefined> {
  const { rows } = await sql<Principal & TokenOwner['slack']>`
    select organization_id as "organizationId", user_id as "userId", name, role, time_zone as "timeZone",
      slack_team_id as "teamId", slack_user_id as "slackUserId", slack_checked_at as "checkedAt",
      memberships_stale as "membershipsStale"
    from find_token(${tokenHash})`.execute(db);
  const [row] = rows;
  if (!row) return undefined;
  const { teamId, slackUserId, checkedAt, membershipsStale, ...principal } = row;
  return { ...principal, slack: { teamId, slackUserId, checkedAt, membershipsStale } };
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

/** Users of this id, or of this one of Slack's, which two workspaces may both have. */
export const findUsers = (
  trx: OrganizationTransaction,
  by: { id: string } | { slackUserId: string },
): Promise<User[]> =>
  trx
    .selectFrom('users')
    .selectAll()
    .where((eb) => ('id' in by ? eb('id', '=', by.id) : eb('slack_user_id', '=', by.slackUserId)))
    .orderBy('created_at')
    .limit(2)
    .execute();

/** What Slack says of a person, with the rights that follow from it. */
export const setStanding = (trx: OrganizationTransaction, id: string, set: Updateable<UsersTable>) =>
  trx.updateTable('users').set(set).where('id', '=', id).execute();

/**
 * Safe to repeat: an existing user of the same Slack identity is returned as it is. It locks no existing row: the first
 * messages of a new person come side by side, and whoever held the user while another held the message would deadlock.
 */
export async function findOrInsertSlackUser(
  trx: OrganizationTransaction,
  row: Insertable<UsersTable> & { readonly slack_team_id: string; readonly slack_user_id: string },
): Promise<User> {
  const inserted = await trx
    .insertInto('users')
    .values({
      ...row,
      name: toName(row.name),
      locale: row.locale && toName(row.locale),
      time_zone: toName(row.time_zone ?? 'UTC'),
    })
    .onConflict((conflict) => conflict.columns(['organization_id', 'slack_team_id', 'slack_user_id']).doNothing())
    .returningAll()
    .executeTakeFirst();
  return (
    inserted ??
    trx
      .selectFrom('users')
      .selectAll()
      .where('slack_team_id', '=', row.slack_team_id)
      .where('slack_user_id', '=', row.slack_user_id)
      .executeTakeFirstOrThrow()
  );
}

/** What Slack says of somebody, as it can be kept. */
const toName = (text: string): string => storableText(text).slice(0, 200);

/** Safe to repeat: a line of the audit is never written over. */
export const insertAudit = (trx: OrganizationTransaction, row: Insertable<AuditTable>) =>
  trx
    .insertInto('audit')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();

/** The roles of these people; whoever is deactivated has none. Nobody asks without ids. */
export async function rolesOf(trx: OrganizationTransaction, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await trx
    .selectFrom('users')
    .select(['id', 'role'])
    .where('id', 'in', [...ids])
    .where('deactivated_at', 'is', null)
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

/** The organization's policy, or the safe default at version 0. */
export async function getApprovalPolicy(trx: OrganizationTransaction): Promise<ApprovalPolicyView> {
  const row = await trx.selectFrom('approval_policies').selectAll().executeTakeFirst();
  return {
    // Parsed, so that a document from before a field was added has its default.
    policy: ApprovalPolicy.parse(row?.document ?? {}),
    version: row?.version ?? 0,
    updatedAt: row?.updated_at.toISOString() ?? null,
  };
}

/** Takes effect with the next question; those that wait keep what was shown. */
export const setApprovalPolicy = (trx: OrganizationTransaction, organizationId: string, policy: ApprovalPolicy) =>
  trx
    .insertInto('approval_policies')
    .values({ organization_id: organizationId, document: JSON.stringify(policy) })
    .onConflict((conflict) =>
      conflict.column('organization_id').doUpdateSet((eb) => ({
        document: eb.ref('excluded.document'),
        version: eb('approval_policies.version', '+', 1),
        updated_at: sql<string>`now()`,
      })),
    )
    .execute();
