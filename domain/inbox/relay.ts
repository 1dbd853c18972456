import { withOrganization } from '../../db/organization.ts';
import { listOrganizationsWithBacklog, lockBacklog } from '../../db/queries/inbox.ts';
import type { DatabaseDeps, LogDeps } from '../deps.ts';
import type { DispatchDeps } from './dispatcher.ts';

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
