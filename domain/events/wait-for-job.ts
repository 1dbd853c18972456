import { setTimeout as delay } from 'node:timers/promises';
import { inOneTrip } from '../../db/organization.ts';
import { newestEvent } from '../../db/queries/events.ts';
import { findOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import type { DatabaseDeps } from '../deps.ts';
import type { EventHub } from './event-hub.ts';

export interface WaitDeps extends DatabaseDeps {
  readonly hub: Pick<EventHub, 'subscribe'>;
}

interface Waiting {
  /** Longest time, ms. */
  readonly waitMs: number;
  readonly isOver: (job: Orchestration) => boolean;
  /** Stops the waiting. */
  readonly signal?: AbortSignal | undefined;
  /** Told when people see something new of it, and again while nothing is new: clients may end a wait that is silent. */
  readonly onChange?: ((job: Orchestration) => void) | undefined;
}

/** The hub tells of every change; this often the row is read all the same. */
const SAFETY_POLL_MS = 5_000;
/** Without news the same is told again after this, at the next look, ms: clients of MCP commonly give 30 s or more. */
const TELL_AGAIN_MS = 9_000;

/**
 * Waits until a job is as wanted, or the time is over, or nobody waits any more; answers it as it is then. Subscribes,
 * then reads, then waits: what changes after the read has an event after the subscription.
 */
export async function waitForJob(
  { db, hub }: WaitDeps,
  start: Orchestration,
  { waitMs, isOver, signal, onChange }: Waiting,
): Promise<Orchestration> {
  const until = Date.now() + waitMs;
  let toldAt = Date.now();
  if (isOver(start) || waitMs <= 0) return start;
  const { organization_id: organizationId, id } = start;
  const last = await inOneTrip(db, organizationId, newestEvent);
  let changed = Promise.withResolvers<void>();
  const offer = ({ event }: { event: { jobId: string | null } }) => void (event.jobId === id && changed.resolve());
  const unsubscribe = hub.subscribe({ organizationId, last, offer });
  try {
    for (let row = start; ;) {
      changed = Promise.withResolvers();
      const { version } = row;
      row = (await inOneTrip(db, organizationId, (trx) => findOrchestration(trx, id))) ?? row;
      if (row.version !== version || Date.now() - toldAt > TELL_AGAIN_MS) {
        toldAt = Date.now();
        onChange?.(row);
      }
      const left = until - Date.now();
      if (isOver(row) || left <= 0 || signal?.aborted) return row;
      await sooner(changed.promise, Math.min(left, SAFETY_POLL_MS), signal);
    }
  } finally {
    unsubscribe();
  }
}

/** Until the promise is settled, the time is over or the signal says stop; leaves no timer behind. */
async function sooner(promise: Promise<void>, ms: number, signal: AbortSignal | undefined): Promise<void> {
  const settled = new AbortController();
  const stop = signal ? AbortSignal.any([signal, settled.signal]) : settled.signal;
  await Promise.race([promise, delay(ms, undefined, { signal: stop }).catch(() => undefined)]);
  settled.abort();
}
