import type { ConnectionHealth, ConnectionView } from '../../contracts/connections.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { countTools } from '../../db/queries/connection-tools.ts';
import { findConnection, listConnections, type Connection } from '../../db/queries/connections.ts';
import type { Principal } from '../../db/queries/people.ts';
import { invalid, maySee } from './rules.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { notFound } from '../../api/problems.ts';
import { isUuid } from '../../api/routes/responses.ts';
import { toConnectionView } from '../../api/views/connection.ts';

export interface ConnectionFilter {
  readonly provider?: string | undefined;
  readonly health?: ConnectionHealth | undefined;
  /** The id of the last one of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** The organization's connections and the caller's own, in the order they were made; admins see everybody's. */
export const listViews = (deps: ApiDeps, principal: Principal, filter: ConnectionFilter): Promise<ConnectionView[]> =>
  withOrganization(deps.db, principal.organizationId, async (trx) => {
    const seen = (await listConnections(trx)).filter((row) => maySee(principal, row));
    const first = filter.after === undefined ? 0 : seen.findIndex(({ id }) => id === filter.after) + 1;
    if (filter.after !== undefined && first === 0) throw invalid('after', 'There is no connection with this id.');
    const wanted = seen
      .slice(first)
      .filter(({ provider }) => filter.provider === undefined || provider === filter.provider)
      .filter(({ health }) => filter.health === undefined || health === filter.health)
      .slice(0, filter.limit);
    const counts = await countTools(trx);
    return wanted.map((row) => toConnectionView(row, { tools: counts.get(row.id), publicUrl: deps.publicUrl }));
  });

/** A connection that the caller may see. @throws ProblemError 404 */
export async function readConnection(trx: OrganizationTransaction, principal: Principal, id: string) {
  const row = isUuid(id) ? await findConnection(trx, id) : undefined;
  if (!row || !maySee(principal, row)) throw notFound('connection');
  return row;
}

/** As `readConnection`, in a transaction of its own. */
export const findSeen = (deps: ApiDeps, principal: Principal, id: string): Promise<Connection> =>
  withOrganization(deps.db, principal.organizationId, (trx) => readConnection(trx, principal, id));

/** The view of a connection as it is now. @throws ProblemError 404 when it has just been deleted. */
export const readView = (deps: ApiDeps, organizationId: string, id: string): Promise<ConnectionView> =>
  withOrganization(deps.db, organizationId, async (trx) => {
    const row = await findConnection(trx, id);
    if (!row) throw notFound('connection');
    return toConnectionView(row, { tools: (await countTools(trx)).get(id), publicUrl: deps.publicUrl });
  });
