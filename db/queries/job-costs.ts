import { sql } from 'kysely';
import type { Nanos } from '../../contracts/money.ts';
import type { OrganizationTransaction } from '../organization.ts';

/** Calls under way count at their worst case. */
const SPENT = sql<number | null>`sum(cost_nanos + case when state = 'reserved' then reserved_nanos else 0 end)::bigint`;

/** What finding out about failures and trying again has cost one orchestration. */
export async function healingCostOf(trx: OrganizationTransaction, orchestrationId: string): Promise<Nanos> {
  const row = await trx
    .selectFrom('usage')
    .select(SPENT.as('nanos'))
    .where('orchestration_id', '=', orchestrationId)
    .where('turn_key', 'like', '%#%')
    .executeTakeFirst();
  return row?.nanos ?? 0;
}

/** What one orchestration's calls have cost that were settled after a moment, unknown ones at their worst case. */
export async function spentSince(trx: OrganizationTransaction, orchestrationId: string, at: string): Promise<Nanos> {
  const row = await trx
    .selectFrom('usage')
    .select(sql<number | null>`sum(cost_nanos)::bigint`.as('nanos'))
    .where('orchestration_id', '=', orchestrationId)
    .where('settled_at', '>', sql<Date>`${at}::timestamptz`)
    .executeTakeFirst();
  return row?.nanos ?? 0;
}

/** What all tries of one step have cost, those under way at their worst case. */
export async function stepCostOf(trx: OrganizationTransaction, orchestrationId: string, step: string): Promise<Nanos> {
  const row = await trx
    .selectFrom('usage')
    .select(SPENT.as('nanos'))
    .where('orchestration_id', '=', orchestrationId)
    .where(sql<string>`split_part(split_part(turn_key, '#', 1), '@', 1)`, '=', `agent:${step}`)
    .executeTakeFirst();
  return row?.nanos ?? 0;
}
