import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { FairShare } from '../../db/fair-share.ts';
import {
  claimKeys,
  insertDelivery,
  isNextInLine,
  markDelivered,
  setFailedAttempt,
  type LeasedDelivery,
  type NewDelivery,
} from '../../db/queries/inbox.ts';
import { untilAborted } from '../../contracts/until-aborted.ts';
import type { DatabaseDeps, LogDeps } from '../deps.ts';
import { WorkflowsAwayError, type Delivery, type WorkflowPort } from '../orchestrations/workflow-port.ts';

/** A caller waits this long for Temporal before a delivery is left to the relay. */
const TIMEOUT_MS = 1_500;
/** Deliveries given to Temporal at once by this process, and those of one organization: its burst holds up no others. */
const AT_ONCE = 32;
const AT_ONCE_EACH = 8;
/** After a failure callers do not even try for this long, so that an outage costs nobody time. */
const PAUSE_MS = 2_000;
/** The relay waits this long for Temporal to take one delivery. */
export const RELAY_TIMEOUT_MS = 5_000;

interface Dispatcher {
  /** Gives a delivery to Temporal now if that is possible; otherwise the relay does it later. Never throws. */
  now(delivery: Delivery): Promise<void>;
  /**
   * As `now`, for the relay, which has leased it: waits longer, and a failed attempt is written down with when the next
   * one is due. `stopped`: nobody waits for it any more.
   */
  fromBacklog(delivery: LeasedDelivery, signal: AbortSignal): Promise<'done' | 'away' | 'refused' | 'stopped'>;
}

export interface DispatchDeps {
  readonly dispatcher: Dispatcher;
}

type DispatcherDeps = DatabaseDeps & LogDeps & { readonly workflows: Pick<WorkflowPort, 'deliver'> };

/** The way from the inbox to Temporal. */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { db, log, workflows } = deps;
  const share = new FairShare({ connections: AT_ONCE, each: AT_ONCE_EACH, waitMs: TIMEOUT_MS });
  let awayUntil = 0;
  return {
    async now(delivery) {
      if (Date.now() < awayUntil) return;
      let giveBack: (() => void) | undefined;
      try {
        giveBack = await share.take(delivery.organizationId);
        if (Date.now() < awayUntil || !(await isNext(deps, delivery))) return;
        await workflows.deliver(delivery, TIMEOUT_MS);
      } catch (error) {
        if (error instanceof WorkflowsAwayError) awayUntil = Date.now() + PAUSE_MS;
        log.warn({ err: error, deliveryId: delivery.id }, 'Temporal did not take a delivery; the relay will');
        return;
      } finally {
        giveBack?.();
      }
      // The relay would only find the workflow started, so nobody waits for this.
      void markDelivered(db, delivery).catch((error: unknown) =>
        log.warn({ err: error, deliveryId: delivery.id }, 'a delivery could not be marked; the relay repeats it'),
      );
    },
    async fromBacklog(delivery, signal) {
      const { id, organizationId, attempts } = delivery;
      try {
        await untilAborted(workflows.deliver(delivery, RELAY_TIMEOUT_MS), signal, () => new Error('The relay stops.'));
      } catch (error) {
        if (signal.aborted) return 'stopped';
        const outcome = error instanceof WorkflowsAwayError ? 'away' : 'refused';
        const waitMs = Math.min(FIRST_WAIT_MS * 2 ** attempts, MAX_WAIT_MS[outcome]);
        const failed = { error: error instanceof Error ? error.message : String(error), waitMs };
        await withOrganization(db, organizationId, (trx) => setFailedAttempt(trx, id, failed));
        log.warn({ err: error, deliveryId: id, attempts: attempts + 1, waitMs }, 'a delivery was not taken');
        return outcome;
      }
      awayUntil = 0;
      await markDelivered(db, delivery);
      return 'done';
    },
  };
}

/** The first wait of a delivery that was not taken; each is twice the one before. */
const FIRST_WAIT_MS = 1_000;
/** Nothing is given up: what is refused again and again is tried every hour, and operators see it. */
const MAX_WAIT_MS = { away: 30_000, refused: 3_600_000 } as const;

/** What is said to a job may not overtake the request that starts it, or it would find no work and count as too late. */
const isNext = async ({ db }: DatabaseDeps, { kind, organizationId, id }: Delivery): Promise<boolean> =>
  kind === 'request' || withOrganization(db, organizationId, (trx) => isNextInLine(trx, id));

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
