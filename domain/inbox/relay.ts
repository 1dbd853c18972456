import { z } from 'zod';
import { notFound, type Principal } from '../../contracts/request.ts';
import { isUuid, withOrganization } from '../../db/organization.ts';
import {
  dueNow,
  leaseBacklog,
  listBacklog,
  listOrganizationsWithBacklog,
  type LeasedDelivery,
} from '../../db/queries/inbox.ts';
import { audit } from '../audit.ts';
import type { DatabaseDeps, LogDeps } from '../deps.ts';
import { RELAY_TIMEOUT_MS, type DispatchDeps } from './dispatcher.ts';

type RelayDeps = DatabaseDeps & LogDeps & DispatchDeps;

const ROUND_MS = 1_000;
/** Younger deliveries are still being dispatched by whoever accepted them. */
const OLDER_THAN_MS = 3_000;
const BATCH = 25;
/** What a relay that is killed has leased waits no longer than this for the next one. */
const LEASE_MS = 10_000;
/** A delivery is begun while it may still end within the lease: of each, one relay alone waits for Temporal. */
const BEGUN_WITHIN_MS = LEASE_MS - RELAY_TIMEOUT_MS;
/** Temporal is away when it did not answer for this many organizations in a row; one of them alone says little. */
const MAX_AWAY = 2;

/**
 * Starts what was accepted while Temporal was away. Several API instances may relay at once: each leases what it tries,
 * and holds no connection while it waits for Temporal. Returns the stop, which waits for nobody who does not answer.
 */
export function startRelay(deps: RelayDeps): () => Promise<void> {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();
  const next = () => {
    if (stop.signal.aborted) return;
    timer = setTimeout(() => {
      round = relayOnce(deps, stop.signal)
        .catch((error: unknown) => deps.log.warn({ err: error }, 'the relay could not look at the inbox'))
        .finally(next);
    }, ROUND_MS);
  };
  next();
  return async () => {
    stop.abort();
    clearTimeout(timer);
    await round;
  };
}

/**
 * One look at every organization's backlog: a batch of each in turn, again of those that got on, until nobody does. What
 * was not taken has its next attempt later, so no round tries it twice.
 */
async function relayOnce(deps: RelayDeps, signal: AbortSignal): Promise<void> {
  let waiting = await listOrganizationsWithBacklog(deps.db, OLDER_THAN_MS);
  for (let away = 0; waiting.length > 0;) {
    const moving: string[] = [];
    for (const organizationId of waiting) {
      if (signal.aborted) return;
      const went = await relayBatch(deps, organizationId, signal);
      away = went === 'away' ? away + 1 : 0;
      if (away >= MAX_AWAY) return;
      if (went === 'on') moving.push(organizationId);
    }
    waiting = moving;
  }
}

/** `on`: there may be more, and some was taken: a whole batch was tried, or its lease was nearly over. */
async function relayBatch(
  deps: RelayDeps,
  organizationId: string,
  signal: AbortSignal,
): Promise<'on' | 'over' | 'away'> {
  const input = { olderThanMs: OLDER_THAN_MS, leaseMs: LEASE_MS, limit: BATCH };
  const begunBy = Date.now() + BEGUN_WITHIN_MS;
  const batch = await withOrganization(deps.db, organizationId, (trx) => leaseBacklog(trx, input));
  let taken = 0;
  for (const [position, delivery] of batch.entries()) {
    const outcome = await relayDelivery(deps, delivery, signal, begunBy);
    if (outcome === 'done') taken++;
    if (outcome === 'done' || outcome === 'refused') continue;
    const untried = batch.slice(outcome === 'away' ? position + 1 : position).map(({ id }) => id);
    if (untried.length > 0) await withOrganization(deps.db, organizationId, (trx) => dueNow(trx, untried));
    if (outcome === 'away') return 'away';
    return outcome === 'late' && taken > 0 ? 'on' : 'over';
  }
  return taken > 0 && batch.length === BATCH ? 'on' : 'over';
}

/** `late`: not tried, as the lease could end before Temporal answers. */
const relayDelivery = async (
  { dispatcher }: RelayDeps,
  delivery: LeasedDelivery,
  signal: AbortSignal,
  begunBy: number,
) => {
  if (signal.aborted) return 'stopped';
  return Date.now() > begunBy ? 'late' : dispatcher.fromBacklog(delivery, signal);
};

/** Something accepted that has not reached its workflow. */
export const WaitingDelivery = z.object({
  id: z.string(),
  jobId: z.string(),
  kind: z.enum(['request', 'decision', 'steering', 'undo']),
  source: z.enum(['slack', 'rest']),
  receivedAt: z.string(),
  attempts: z.number().int(),
  lastError: z.string().nullable(),
  nextAttemptAt: z.string(),
});
type WaitingDelivery = z.infer<typeof WaitingDelivery>;

const MAX_SHOWN = 200;

/** What the organization has been promised and Temporal has not got yet, the oldest first. */
export const readBacklog = (
  { db }: DatabaseDeps,
  { organizationId }: Pick<Principal, 'organizationId'>,
): Promise<WaitingDelivery[]> =>
  withOrganization(db, organizationId, async (trx) =>
    (await listBacklog(trx, MAX_SHOWN)).map((row) => ({
      id: row.id,
      jobId: row.orchestration_id,
      kind: row.kind,
      source: row.source,
      receivedAt: row.received_at.toISOString(),
      attempts: row.attempts,
      lastError: row.last_error,
      nextAttemptAt: row.next_attempt_at.toISOString(),
    })),
  );

/** Has a delivery tried in the relay's next round, whatever wait it was given. @throws RequestError 404 */
export const retryDelivery = ({ db }: DatabaseDeps, principal: Principal, id: string): Promise<void> =>
  withOrganization(db, principal.organizationId, async (trx) => {
    const [due] = isUuid(id) ? await dueNow(trx, [id]) : [];
    if (!due) throw notFound('waiting delivery');
    await audit(trx, principal, 'delivery.retry', due.orchestration_id, { deliveryId: id });
  });
