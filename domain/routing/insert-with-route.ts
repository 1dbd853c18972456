import type { Compilable, Insertable } from 'kysely';
import type { Language } from '../../contracts/agents.ts';
import type { Refusal } from '../../contracts/workflow.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { listOverrides } from '../../db/queries/routing.ts';
import { insertRouted, setLocalRoute, type CacheKey } from '../../db/queries/routing-cache.ts';
import type { LocalRoute, OrchestrationsTable, RequestOptions } from '../../db/tables/work.ts';
import { findDeadline } from './entities.ts';
import { textHashOf } from './text.ts';
import { understand } from './understand.ts';
import type { LocalRouter } from './local-router.ts';

export interface RouteDeps {
  /** The local path with what the organization has taught it: who may do this, in well under a millisecond. */
  readonly router: LocalRouter;
  /** The model's decisions are kept for requests in the same words. */
  readonly routingCache: boolean;
}

/** What routing needs to know of a request. */
interface RoutedRequest {
  readonly organizationId: string;
  readonly message: string;
  readonly options: RequestOptions;
  readonly refusal?: Refusal | undefined;
  /** What has to be there with it: goes along in the same round trip. */
  readonly statements?: readonly Compilable[];
}

/** The newest overrides of an organization that its router learns from. */
export const OVERRIDES_LEARNED = 500;

/**
 * Inserts an orchestration with the local router's decision and, if the model has decided about the same words before,
 * with that analysis. The insert tells the version of the organization's overrides: a router that knows an older one
 * learns them and decides again. So every entry follows an override with its next request, and usually this is one
 * round trip. Where the local rules are sure of the whole request, the decision holds what they understood.
 */
export async function insertWithRoute(
  deps: RouteDeps,
  trx: OrganizationTransaction,
  request: RoutedRequest,
  row: Insertable<OrchestrationsTable>,
): Promise<Orchestration> {
  const local = decideLocally(deps, request, row.language);
  const inserted = await insertRouted(
    trx,
    { ...row, local_route: local && JSON.stringify(local) },
    toKey(row, local),
    request.statements,
  );
  const version = inserted.routingVersion ?? 0;
  if (!local || version === (local.version ?? 0)) return inserted;
  const overrides = await listOverrides(trx, OVERRIDES_LEARNED);
  deps.router.learn(request.organizationId, { version, overrides });
  const again = decideLocally(deps, request, row.language);
  return setLocalRoute(trx, { id: inserted.id, local_route: JSON.stringify(again) }, toKey(row, again));
}

/** Null when the request names its agents or its tool: then nobody has to decide. */
function decideLocally(deps: RouteDeps, request: RoutedRequest, language: Language): LocalRoute | null {
  const { message, options, organizationId } = request;
  if (options.agents ?? options.tool) return null;
  const local = deps.router.route(message, organizationId);
  const reading = understand(deps.router.readIntent, { text: message, language, local, mode: options.mode });
  const isAsked = 'unclear' in reading && reading.unclear !== 'day';
  return {
    ...local,
    ...reading,
    textHash: textHashOf(message),
    cacheable: deps.routingCache && isAsked && isPlain(request) && !findDeadline(message, new Date(), 'UTC'),
  };
}

/** Only such requests mean the same again. One with a date means another day next time. */
const isPlain = ({ options: { category, mode }, refusal }: RoutedRequest): boolean =>
  category === undefined && mode === undefined && refusal === undefined;

const toKey = (row: Insertable<OrchestrationsTable>, local: LocalRoute | null): CacheKey => ({
  session_id: row.session_id,
  language: row.language,
  demo: row.demo ?? false,
  textHash: local?.textHash ?? '',
  cacheable: local?.cacheable ?? false,
});
