import type { Insertable } from 'kysely';
import type { ApiTokensTable, SlackWorkspacesTable, UsersTable } from '../tables/doors.ts';
import type { OrganizationTransaction } from '../organization.ts';

/** Safe to repeat: an existing organization keeps its name. */
export const putOrganization = (trx: OrganizationTransaction, row: { id: string; name: string }) =>
  trx
    .insertInto('organizations')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();

export const findOrganization = (trx: OrganizationTransaction, id: string) =>
  trx.selectFrom('organizations').selectAll().where('id', '=', id).executeTakeFirst();

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
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['organization_id', 'team_id'])
        .doUpdateSet((eb) => ({ name: eb.ref('excluded.name'), bot_user_id: eb.ref('excluded.bot_user_id') })),
    )
    .execute();
