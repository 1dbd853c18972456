import type { Analysis, Route } from '../../contracts/orchestration.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { countHit, putCached, sweepCache } from '../../db/queries/routing-cache.ts';

const KEPT_DAYS = 7;
/** What the model itself is less sure of is asked again. */
const MIN_CONFIDENCE = 0.6;
const SWEPT_AT_ONCE = 100;

const DATE_NAME = /date|day|dead.?line|due|time|week|month|quarter|year|until|when|날짜|기한|마감|시간|일정/i;
const DATE_VALUE = /\d{4}-\d{2}|\d{1,2}:\d{2}/;

/**
 * Keeps the model's decision for the next request in the same words, or counts that a kept one was used. The cache is
 * locked before the orchestration's row and the event counter, by everybody.
 */
export async function rememberDecision(
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  { route, analysis }: { route: Route; analysis: Analysis },
): Promise<void> {
  const { cacheable, textHash } = orchestration.local_route ?? {};
  if (!cacheable || !textHash) return;
  if (route.decidedBy === 'cache') await countHit(trx, { textHash, demo: orchestration.demo });
  if (route.decidedBy !== 'model' || !isLasting(analysis)) return;
  await putCached(trx, orchestration, { textHash, analysis, days: KEPT_DAYS });
  // Enough to keep the table small, and most decisions are spared it.
  if (textHash.startsWith('0')) await sweepCache(trx, SWEPT_AT_ONCE);
}

/** Sure, and still true tomorrow: a deadline said as "Friday" means another day next week. */
export const isLasting = ({ confidence, entities }: Analysis): boolean =>
  confidence >= MIN_CONFIDENCE &&
  !Object.entries(entities).some(([name, value]) => DATE_NAME.test(name) || DATE_VALUE.test(value));
