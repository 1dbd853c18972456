import type { ConnectionTools } from '../../contracts/connections.ts';
import type { AcceptTools, ToolDecision, ToolView } from '../../contracts/tools.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { acceptTools, decideTool, listToolsOf } from '../../db/queries/connection-tools.ts';
import { getConnection, type Connection } from '../../db/queries/connections.ts';
import { audit } from '../audit.ts';
import { refreshTools, type CheckDeps } from './check.ts';
import { findSeen, readConnection } from './connection-views.ts';
import type { DatabaseDeps } from '../deps.ts';
import { toToolView } from '../tools/offers.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';

/** Older lists are asked for anew when somebody looks. */
const STALE_MS = 10 * 60_000;

/**
 * A connection's tools with what has changed in those that wait for an admin. Asks the server first when told to, or
 * when nobody has for a while; a server that does not answer is told beside what is known. @throws RequestError 404
 */
export async function readTools(
  deps: CheckDeps,
  principal: Principal,
  id: string,
  refresh: boolean,
): Promise<ConnectionTools> {
  const row = await findSeen(deps, principal, id);
  const error = mayAsk(principal, row) && (refresh || isStale(row)) ? await refreshTools(deps, row) : null;
  return withOrganization(deps.db, principal.organizationId, async (trx) => {
    const now = await readConnection(trx, principal, id);
    return { tools: await viewsOf(trx, now), listedAt: now.tools_listed_at?.toISOString() ?? null, error };
  });
}

/** Guests only read what is known; somebody else's own connection is not used by anybody but them. */
const mayAsk = ({ role, userId }: Principal, { user_id: owner, enabled }: Connection): boolean =>
  enabled && role !== 'guest' && (owner === null || owner === userId);

/** A server that fails is left alone until somebody tests it. */
const isStale = ({ tools_listed_at: at, health }: Connection): boolean =>
  health === 'healthy' && (at === null || Date.now() - at.getTime() > STALE_MS);

const viewsOf = async (trx: OrganizationTransaction, row: Connection): Promise<ToolView[]> =>
  (await listToolsOf(trx, row.id)).filter(({ state }) => state !== 'removed').map((tool) => toToolView(tool, row));

/**
 * Switches on what an admin has looked at. All or nothing.
 * @throws RequestError 404, or 409 with what is there now when that is not what was shown.
 */
export const acceptShown = (
  deps: DatabaseDeps,
  principal: Principal,
  id: string,
  { tools }: AcceptTools,
): Promise<ConnectionTools> =>
  withOrganization(deps.db, principal.organizationId, async (trx) => {
    const row = await readConnection(trx, principal, id);
    const { accepted, notAccepted } = await acceptTools(trx, { connectionId: id, acceptedBy: principal.userId, tools });
    if (notAccepted.length > 0) throw changedSince(notAccepted, await viewsOf(trx, row));
    await audit(trx, principal, 'connection.tools-accepted', id, { tools: accepted });
    const { tools_listed_at: listedAt } = await getConnection(trx, id);
    return { tools: await viewsOf(trx, row), listedAt: listedAt?.toISOString() ?? null, error: null };
  });

/**
 * What an admin decides about one tool as it was shown to them: that nobody is asked about it, or what it may do at
 * worst. It ends when the tool changes.
 * @throws RequestError 404, or 409 when the tool is not on or not what was shown.
 */
export const decideAboutTool = (
  deps: DatabaseDeps,
  principal: Principal,
  { id, name }: { readonly id: string; readonly name: string },
  { hash, alwaysAllow, risk }: ToolDecision,
): Promise<ConnectionTools> =>
  withOrganization(deps.db, principal.organizationId, async (trx) => {
    const row = await readConnection(trx, principal, id);
    const decided = await decideTool(
      trx,
      { connectionId: id, name, hash },
      {
        ...(alwaysAllow !== undefined && { always_allowed: alwaysAllow }),
        ...(risk !== undefined && { declared_risk: risk }),
        decided_by: principal.userId,
      },
    );
    if (!decided)
      throw new RequestError(
        'conflict',
        'This tool is not on, or is not what you have seen any more, so nothing was decided. Look again and decide about what you see.',
      );
    await audit(trx, principal, 'connection.tool-decided', id, { tool: name, hash, alwaysAllow, risk });
    return { tools: await viewsOf(trx, row), listedAt: row.tools_listed_at?.toISOString() ?? null, error: null };
  });

const SHOWN = 500;
const cut = (text: string | null) => (text === null ? 'nothing' : text.slice(0, SHOWN));

function changedSince(names: readonly string[], views: readonly ToolView[]): RequestError {
  const errors = names.flatMap((name) => {
    const now = views.find((view) => view.name === name);
    if (now?.state !== 'quarantined') return [{ path: name, message: 'does not wait for anybody to accept it.' }];
    return now.diff.map(({ field, before, after }) => ({
      path: `${name}.${field}`,
      message: `was ${cut(before)}, is now ${cut(after)}`,
    }));
  });
  return new RequestError(
    'conflict',
    'What you have seen is not what is there now, so nothing was accepted. Look again and accept what you see.',
    errors,
  );
}
