import { randomUUID } from 'node:crypto';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { claimKeys, insertDelivery, type NewDelivery } from '../../db/queries/inbox.ts';
import type { SlackDoor } from './listeners.ts';

/** Rolls the claiming transaction back: the first delivery stands. */
class RepeatedDeliveryError extends Error {}
function ignoreRepeated(error: unknown): undefined {
  if (!(error instanceof RepeatedDeliveryError)) throw error;
}

/**
 * A word for work that is there already: written down under the names it may come again by, with whatever becomes true
 * with it, then given to the workflow, later if Temporal is away.
 */
export async function deliver(
  door: SlackDoor,
  given: Pick<NewDelivery, 'organizationId' | 'orchestrationId' | 'keys' | 'body'> & { kind: 'decision' | 'steering' },
  together: (trx: OrganizationTransaction) => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const { organizationId, orchestrationId, kind, keys, body } = given;
  const id = randomUUID();
  const delivered = await withOrganization(door.db, organizationId, async (trx) => {
    if (!(await claimKeys(trx, { organizationId, id, keys }))) throw new RepeatedDeliveryError();
    await insertDelivery(trx, { organizationId, id, source: 'slack', kind, orchestrationId, body, keys });
    await together(trx);
    return true;
  }).catch(ignoreRepeated);
  if (!delivered) return;
  door.wakeReaders(organizationId);
  await door.handOver.now({
    organization_id: organizationId,
    id,
    source: 'slack',
    kind,
    orchestration_id: orchestrationId,
    body,
    received_at: new Date(),
    handed_over_at: null,
    attempts: 0,
    last_error: null,
  });
}
