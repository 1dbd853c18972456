import type { Kysely } from 'kysely';
import { withOrganization } from '../db/organization.ts';
import { closeLeftEnvelopes } from '../db/queries/envelopes.ts';
import {
  listOrganizationsWithOpenEnvelopes,
  listOrganizationsWithNotices,
  listOrganizationsWithOrphans,
  maintainEventPartitions,
  EVENT_DAYS,
} from '../db/maintenance.ts';
import { settleAsUnknown } from '../db/queries/settle.ts';
import { tellDirectly, type NoticeDeps } from '../domain/reports/direct-notices.ts';
import type { Database } from '../db/tables/index.ts';
import type { Logger } from '../logging.ts';

const SWEEP_MS = 30_000;
/** Somebody waits for it. */
const NOTICES_MS = 3_000;
const PARTITIONS_MS = 3_600_000;

/** Housekeeping that any worker may do at any time; each round is idempotent. Returns the stop. */
export function startMaintenance(
  db: Kysely<Database>,
  log: Logger,
  notices: Omit<NoticeDeps, 'db' | 'onError'>,
): () => void {
  const every = (ms: number, name: string, work: () => Promise<unknown>) => {
    const round = () =>
      void work().catch((error: unknown) => log.warn({ err: error }, `${name} failed; it is tried again`));
    round();
    return setInterval(round, ms);
  };
  const onError = (error: unknown) => log.warn({ err: error }, 'Slack did not take a direct notice');
  const told: NoticeDeps = { ...notices, db, onError };
  const timers = [
    every(SWEEP_MS, 'closing orphaned reservations', () => closeOrphans(db)),
    every(SWEEP_MS, 'closing left envelopes', () => closeEnvelopes(db)),
    ...(notices.slack
      ? [
          every(
            NOTICES_MS,
            'telling people directly',
            oneAtATime(() => sendNotices(told)),
          ),
        ]
      : []),
    every(PARTITIONS_MS, 'maintaining event partitions', () => maintainEventPartitions(db, EVENT_DAYS * 24)),
  ];
  return () => timers.forEach(clearInterval);
}

/** A round that takes longer than its time is not begun a second time beside itself. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () =>
    (running ??= work().finally(() => {
      running = undefined;
    }));
}

/** Budgets near their limit and questions without a place, told to the people concerned. */
export const sendNotices = async (deps: NoticeDeps): Promise<void> =>
  forEachOrganization(await listOrganizationsWithNotices(deps.db), (organizationId) =>
    tellDirectly(deps, organizationId),
  );

/** Reservations that nobody settled in time count as spent. */
export const closeOrphans = async (db: Kysely<Database>): Promise<void> =>
  forEachOrganization(await listOrganizationsWithOrphans(db), (organizationId) =>
    withOrganization(db, organizationId, (trx) => settleAsUnknown(trx)),
  );

/** What was set aside for a plan that has ended or was forgotten is free again: it was promised to nobody. */
export const closeEnvelopes = async (db: Kysely<Database>): Promise<void> =>
  forEachOrganization(await listOrganizationsWithOpenEnvelopes(db), (organizationId) =>
    withOrganization(db, organizationId, (trx) => closeLeftEnvelopes(trx)),
  );

/** One after the other; what fails for one holds up none of the others. @throws AggregateError in the end */
async function forEachOrganization(ids: readonly string[], work: (id: string) => Promise<unknown>): Promise<void> {
  const errors: unknown[] = [];
  for (const id of ids) await work(id).catch((error: unknown) => errors.push(error));
  if (errors.length > 0)
    throw new AggregateError(errors, `It failed for ${errors.length} of ${ids.length} organizations.`);
}
