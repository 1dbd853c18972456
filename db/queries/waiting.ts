import { sql } from 'kysely';
import type { OrganizationTransaction } from '../organization.ts';
import type { Orchestration } from './orchestrations.ts';

/** What waits for access over this connection, and nobody has answered yet. */
export const listWaitingForConnection = (
  trx: OrganizationTransaction,
  connectionId: string,
): Promise<Orchestration[]> =>
  trx
    .selectFrom('orchestrations')
    .selectAll()
    .where('status', '=', 'awaiting_approval')
    .where(sql`approval->>'kind'`, '=', 'reconnect')
    .where(sql`approval->'plan'->'reconnect'->>'connectionId'`, '=', connectionId)
    .where(sql`approval->'decision'`, 'is', null)
    .orderBy('created_at')
    .execute();
