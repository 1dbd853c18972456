import { sql, type Compilable, type Insertable, type Updateable } from 'kysely';
import type { Analysis } from '../../contracts/orchestration.ts';
import type { OrganizationTransaction } from '../organization.ts';
import { executeAlong } from '../together.ts';
import type { OrchestrationsTable } from '../tables/work.ts';
import type { Orchestration } from './orchestrations.ts';

/** A request as the cache knows it. */
export type CacheKey = Pick<Orchestration, 'session_id' | 'language' | 'demo'> & {
  readonly textHash: string;
  /** False: the cache has nothing for it, whatever stands there. */
  readonly cacheable: boolean;
};

/**
 * The model's analysis of the same words, marked as cached; null without one, or when the conversation had begun
 * before, which gives the words another meaning. Part of another statement, so that it costs no round trip.
 */
const cachedAnalysis = ({ textHash, cacheable, language, demo, session_id }: CacheKey) =>
  sql<string | null>`(select analysis || '{"cached": true}' from routing_cache where ${cacheable}
    and text_hash = ${textHash} and language = ${language} and demo = ${demo} and expires_at > now()
    and not exists (select from messages where session_id = ${session_id}))`;

/**
 * As `insertOrchestration`, with the analysis from the cache, and with the version of the organization's overrides.
 * `statements` go along.
 */
export const insertRouted = async (
  trx: OrganizationTransaction,
  row: Insertable<OrchestrationsTable>,
  key: CacheKey,
  statements: readonly Compilable[] = [],
): Promise<Orchestration & { routingVersion: number | null }> => {
  const insert = trx
    .insertInto('orchestrations')
    .values({ ...row, analysis: cachedAnalysis(key) })
    .returningAll()
    .returning((eb) => eb.selectFrom('routing_versions').select('version').as('routingVersion'));
  const inserted = await executeAlong(trx, statements, insert);
  if (!inserted) throw new Error('An insert of one row answers it.');
  return inserted;
};

/** Corrects the local decision of an orchestration that was inserted a moment ago in this transaction. */
export const setLocalRoute = (
  trx: OrganizationTransaction,
  { id, ...set }: { id: string } & Required<Pick<Updateable<OrchestrationsTable>, 'local_route'>>,
  key: CacheKey,
): Promise<Orchestration> =>
  trx
    .updateTable('orchestrations')
    .set({ ...set, analysis: cachedAnalysis(key) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();

/**
 * Keeps the model's analysis for the next request in the same words. Nothing is kept when the conversation had begun
 * before, or when an admin has decided about these words meanwhile.
 */
export const putCached = (
  trx: OrganizationTransaction,
  { id, organization_id, session_id, language, demo }: Orchestration,
  { textHash, analysis, days }: { textHash: string; analysis: Analysis; days: number },
) =>
  sql`insert into routing_cache (organization_id, text_hash, demo, language, analysis, expires_at)
    select ${organization_id}::uuid, ${textHash}, ${demo}, ${language}, ${JSON.stringify(analysis)}::jsonb,
      now() + make_interval(days => ${days})
    where not exists (select from routing_overrides where text_hash = ${textHash})
      and not exists (select from messages where session_id = ${session_id} and orchestration_id is distinct from ${id})
    on conflict (organization_id, text_hash, demo) do update
      set language = excluded.language, analysis = excluded.analysis, hits = 0, created_at = now(),
        expires_at = excluded.expires_at`.execute(trx);

export const countHit = (trx: OrganizationTransaction, { textHash, demo }: { textHash: string; demo: boolean }) =>
  trx
    .updateTable('routing_cache')
    .set((eb) => ({ hits: eb('hits', '+', 1) }))
    .where('text_hash', '=', textHash)
    .where('demo', '=', demo)
    .execute();

/** Deletes what has expired, without waiting for rows that are locked. */
export const sweepCache = (trx: OrganizationTransaction, limit: number) =>
  sql`delete from routing_cache where (text_hash, demo) in
    (select text_hash, demo from routing_cache where expires_at < now() limit ${limit} for update skip locked)`.execute(
    trx,
  );
