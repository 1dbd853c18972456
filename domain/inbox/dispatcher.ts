import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import {
  claimKeys,
  insertDelivery,
  setDelivered,
  setFailedAttempt,
  type NewDelivery,
  listOrganizationsWithBacklog,
  lockBacklog,
} from '../../db/queries/inbox.ts';
import type { DatabaseDeps, LogDeps } from '../deps.ts';
import { WorkflowsAwayError, type Delivery, type WorkflowPort } from '../orchestrations/workflow-port.ts';

/** A caller waits this long for Temporal before a delivery is left to the relay. */
const TIMEOUT_MS = 1_500;
/** After a failure callers do not even try for this long, so that an outage costs nobody time. */
const PAUSE_MS = 2_000;
const RELAY_TIMEOUT_MS = 5_000;

interface Dispatcher {
  /** Gives a delivery to Temporal now if that is possible; otherwise the relay does it later. Never throws. */
  now(delivery: Delivery): Promise<void>;
  /** As `now`, for the relay: waits longer, in the transaction that holds the row, and the attempt is counted. */
  fromBacklog(trx: OrganizationTransaction, delivery: Delivery): Promise<'done' | 'away' | 'refused'>;
}

export interface DispatchDeps {
  readonly dispatcher: Dispatcher;
}

/** The way from the inbox to Temporal. */
export function createDispatcher({
  db,
  log,
  workflows,
}: DatabaseDeps & LogDeps & { readonly workflows: Pick<WorkflowPort, 'deliver'> }): Dispatcher {
  let awayUntil = 0;
  return {
    async now(delivery) {
      if (Date.now() < awayUntil) return;
      try {
        await workflows.deliver(delivery, TIMEOUT_MS);
      } catch (error) {
        if (error instanceof WorkflowsAwayError) awayUntil = Date.now() + PAUSE_MS;
        log.warn({ err: error, deliveryId: delivery.id }, 'Temporal did not take a delivery; the relay will');
        return;
      }
      // The relay would only find the workflow started, so nobody waits for this.
      void withOrganization(db, delivery.organizationId, (trx) => setDelivered(trx, delivery.id)).catch(
        (error: unknown) =>
          log.warn({ err: error, deliveryId: delivery.id }, 'a delivery could not be marked; the relay repeats it'),
      );
    },
    async fromBacklog(trx, delivery) {
      try {
        await workflows.deliver(delivery, RELAY_TIMEOUT_MS);
      } catch (error) {
        await setFailedAttempt(trx, delivery.id, error instanceof Error ? error.message : String(error));
        return error instanceof WorkflowsAwayError ? 'away' : 'refused';
      }
      awayUntil = 0;
      await setDelivered(trx, delivery.id);
      return 'done';
    },
  };
}

/**
 * Writes a delivery down under the names it may come again by, with whatever becomes true with it in the same
 * transaction. False when it has come before: that one stands.
 */
export async function recordDelivery(trx: OrganizationTransaction, delivery: NewDelivery): Promise<boolean> {
  if (!(await claimKeys(trx, delivery))) return false;
  await insertDelivery(trx, delivery);
  return true;
}

/**
 * By which entry a person's act comes in, and so how it reaches the work. `direct`: told to the workflow now, and whoever
 * asks waits until it counts. `recorded`: written down first, under the names it may come again by, and told when
 * Temporal can be; nothing is lost while it is away, and nobody waits.
 */
export type Entry =
  | { readonly kind: 'direct'; readonly via: 'rest' }
  | { readonly kind: 'recorded'; readonly via: 'rest' | 'slack'; readonly keys: readonly string[] };

/** REST, the console and the terminal. */
export const DIRECT: Entry = { kind: 'direct', via: 'rest' };

type RelayDeps = DatabaseDeps & LogDeps & DispatchDeps;

const ROUND_MS = 1_000;
/** Younger deliveries are still being dispatched by whoever accepted them. */
const OLDER_THAN_MS = 3_000;
const BATCH = 25;

/**
 * Starts what was accepted while Temporal was away. Several API instances may relay at once: each skips the rows that
 * another one holds. Returns the stop.
 */
export function startRelay(deps: RelayDeps): () => Promise<void> {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();
  const next = () => {
    if (stopped) return;
    timer = setTimeout(() => {
      round = relayOnce(deps)
        .catch((error: unknown) => deps.log.warn({ err: error }, 'the relay could not look at the inbox'))
        .finally(next);
    }, ROUND_MS);
  };
  next();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await round;
  };
}

/** One look at every organization's backlog. */
async function relayOnce(deps: RelayDeps): Promise<void> {
  for (const organizationId of await listOrganizationsWithBacklog(deps.db, OLDER_THAN_MS)) {
    while (await relayBatch(deps, organizationId));
  }
}

/** True when a whole batch went through, so that there may be more. */
const relayBatch = (deps: RelayDeps, organizationId: string): Promise<boolean> =>
  withOrganization(deps.db, organizationId, async (trx) => {
    const backlog = await lockBacklog(trx, { olderThanMs: OLDER_THAN_MS, limit: BATCH });
    for (const delivery of backlog) {
      if ((await deps.dispatcher.fromBacklog(trx, delivery)) === 'away') return false;
    }
    return backlog.length === BATCH;
  });
