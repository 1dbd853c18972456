import { sql, type Insertable, type Selectable } from 'kysely';
import type { OrganizationTransaction } from '../organization.ts';
import type { RoutingOverridesTable } from '../tables/routing.ts';

export type RoutingOverride = Selectable<RoutingOverridesTable>;

/** The newest overrides, which are those that count. */
export const listOverrides = (trx: OrganizationTransaction, limit: number): Promise<RoutingOverride[]> =>
  trx.selectFrom('routing_overrides').selectAll().orderBy('created_at', 'desc').limit(limit).execute();

/** A later override of the same text takes the place of the earlier one; what the model thought of it is forgotten. */
export async function putOverride(
  trx: OrganizationTransaction,
  row: Insertable<RoutingOverridesTable>,
): Promise<RoutingOverride> {
  await forget(trx, row.organization_id, row.text_hash);
  return trx
    .insertInto('routing_overrides')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['organization_id', 'text_hash']).doUpdateSet((eb) => ({
        id: eb.ref('excluded.id'),
        text: eb.ref('excluded.text'),
        language: eb.ref('excluded.language'),
        agents: eb.ref('excluded.agents'),
        orchestration_id: eb.ref('excluded.orchestration_id'),
        user_id: eb.ref('excluded.user_id'),
        created_at: sql<string>`now()`,
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Undefined when there is none. */
export async function deleteOverride(
  trx: OrganizationTransaction,
  { organizationId, id }: { organizationId: string; id: string },
): Promise<RoutingOverride | undefined> {
  const gone = await trx.deleteFrom('routing_overrides').where('id', '=', id).returningAll().executeTakeFirst();
  if (gone) await forget(trx, organizationId, gone.text_hash);
  return gone;
}

/** Every API process reads the overrides again with its next request. */
async function forget(trx: OrganizationTransaction, organizationId: string, textHash: string): Promise<void> {
  await trx
    .insertInto('routing_versions')
    .values({ organization_id: organizationId, version: 1 })
    .onConflict((conflict) =>
      conflict.column('organization_id').doUpdateSet((eb) => ({ version: eb('routing_versions.version', '+', 1) })),
    )
    .execute();
  await trx.deleteFrom('routing_cache').where('text_hash', '=', textHash).execute();
}
