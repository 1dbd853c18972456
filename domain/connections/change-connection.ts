import { randomUUID } from 'node:crypto';
import type { Insertable, Updateable } from 'kysely';
import type { ConnectionAuth, ConnectionChange, ConnectionView, NewConnection } from '../../contracts/connections.ts';
import { hideSecretsInUrl } from '../../contracts/clean-text.ts';
import { withOrganization } from '../../db/organization.ts';
import {
  deleteConnection,
  dropPendingGrants,
  getConnection,
  insertConnection,
  lockConnection,
  updateConnection,
  type Connection,
} from '../../db/queries/connections.ts';
import { dropDecisions } from '../../db/queries/connection-tools.ts';
import type { ConnectionsTable } from '../../db/tables/tools.ts';
import { sealCredentials } from './grant-state.ts';
import { audit } from '../audit.ts';
import { checkConnection, type CheckDeps } from './check.ts';
import { kindOf, leadsElsewhere, refuseAddresses, refuseChange, refuseChangeOf, refuseNew } from './rules.ts';
import { findSeen, readConnection, readView } from './connection-views.ts';
import type { SealerDeps } from '../models/organization-keys.ts';
import type { ToolHost } from '../tools/tool-host.ts';
import type { CheckAddress } from './connection-ports.ts';
import { resumeWaiting, type ResumeDeps } from './reconnect.ts';
import { refuseUnstorable } from '../json.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';

export interface ConnectDeps extends CheckDeps, ResumeDeps, SealerDeps {
  readonly tools: Pick<ToolHost, 'test' | 'refresh' | 'forget'>;
  readonly checkAddress: CheckAddress;
}

/**
 * Keeps a new connection, its credentials sealed, and tries it at once: its tools are accepted as they are. One whose
 * server cannot be reached is kept all the same, so that nothing typed is lost.
 * @throws RequestError 403, 400, 409 when its name is taken, 503 without a key to seal with.
 */
export async function createConnection(
  deps: ConnectDeps,
  principal: Principal,
  given: NewConnection,
): Promise<ConnectionView> {
  refuseNew(principal, given);
  refuseUnstorable(given, []);
  refuseAddresses(deps.checkAddress, given);
  const { organizationId } = principal;
  const id = randomUUID();
  const row = toRow(principal, given, { id, credentials: seal(deps, organizationId, id, given.auth) });
  const connection = await withOrganization(deps.db, organizationId, async (trx) => {
    if (!(await insertConnection(trx, row))) throw slugTaken(row.slug);
    const { provider, name, url, auth, personal, trusted } = given;
    const shown = url && shownUrl(url, row.kind);
    const details = { provider, slug: row.slug, name, url: shown, auth: auth.kind, personal, trusted };
    await audit(trx, principal, 'connection.created', id, details);
    return getConnection(trx, id);
  });
  return (await checkConnection(deps, connection)).connection;
}

const slugTaken = (slug: string) =>
  new RequestError(
    'conflict',
    `There is a connection whose tools are named ${slug}__… already. Give this one another "slug", or change that one.`,
  );

const toRow = (
  { organizationId, userId }: Principal,
  given: NewConnection,
  { id, credentials }: { id: string; credentials: string | null },
): Insertable<ConnectionsTable> & { slug: string } => ({
  organization_id: organizationId,
  id,
  provider: given.provider,
  slug: given.slug ?? given.provider,
  name: given.name,
  kind: kindOf(given),
  url: given.url ?? null,
  user_id: given.personal ? userId : null,
  auth_kind: given.auth.kind,
  settings: JSON.stringify(given.settings),
  call_limits: JSON.stringify(given.callLimits ?? {}),
  credentials,
  trusted: given.trusted,
  categories: JSON.stringify(given.categories),
  created_by: userId,
});

/** @throws RequestError 503 */
function seal(
  { sealer }: SealerDeps,
  organizationId: string,
  connectionId: string,
  auth: ConnectionAuth,
): string | null {
  if (auth.kind === 'none') return null;
  if (!sealer)
    throw new RequestError(
      'unavailable',
      'Credentials cannot be kept, because there is nothing to encrypt them with. An operator has to set CREDENTIAL_KEYS.',
    );
  return sealCredentials(sealer, { organizationId, connectionId }, auth);
}

/**
 * Changes what is given. New credentials replace the old whole: what an authorization server has granted for those is
 * forgotten, and work that waits for access goes on once they are seen to work. Trust ends where it leads elsewhere.
 * @throws RequestError 404, 403, 400, 503
 */
export async function changeConnection(
  deps: ConnectDeps,
  principal: Principal,
  id: string,
  given: ConnectionChange,
): Promise<ConnectionView> {
  const { organizationId } = principal;
  const seen = await findSeen(deps, principal, id);
  const change = withoutShownUrl(given, seen);
  refuseChangeOf(principal, seen, change);
  refuseUnstorable(change, []);
  refuseAddresses(deps.checkAddress, change);
  const credentials = change.auth && { sealed: seal(deps, organizationId, id, change.auth) };
  const row = await withOrganization(deps.db, organizationId, async (trx) => {
    await lockConnection(trx, id);
    const before = await readConnection(trx, principal, id);
    refuseChangeOf(principal, before, change);
    const isElsewhere = leadsElsewhere(before, change);
    const set = isElsewhere && change.trusted === undefined ? { ...change, trusted: false } : change;
    await updateConnection(trx, { id, set: { ...toChange(set), ...(credentials && toNewAuth(change, credentials)) } });
    if (isElsewhere) await dropDecisions(trx, id);
    if (credentials) await dropPendingGrants(trx, id);
    await audit(trx, principal, 'connection.changed', id, toDetails(set, seen.kind));
    return getConnection(trx, id);
  });
  await deps.tools.forget({ organizationId, connectionId: id });
  return isOtherServer(change) ? tryAgain(deps, principal, row) : readView(deps, organizationId, id);
}

const shownUrl = (url: string, kind: Connection['kind']): string =>
  hideSecretsInUrl(url, { inPath: kind === 'remote' });

/** An address that comes back as it was shown, with its keys hidden, is no change. */
function withoutShownUrl({ url, ...change }: ConnectionChange, row: Connection): ConnectionChange {
  const isShown = url !== undefined && row.url !== null && url !== row.url && url === shownUrl(row.url, row.kind);
  return url === undefined || isShown ? change : { ...change, url };
}

const toChange = ({ name, url, categories, trusted, enabled, settings, callLimits }: ConnectionChange) => ({
  ...(name !== undefined && { name }),
  ...(url !== undefined && { url }),
  ...(categories !== undefined && { categories: JSON.stringify(categories) }),
  ...(trusted !== undefined && { trusted }),
  ...(enabled !== undefined && { enabled }),
  ...(settings !== undefined && { settings: JSON.stringify(settings) }),
  ...(callLimits !== undefined && { call_limits: JSON.stringify(callLimits) }),
});

const toNewAuth = (
  { auth }: ConnectionChange,
  { sealed }: { sealed: string | null },
): Updateable<ConnectionsTable> => ({
  ...(auth && { auth_kind: auth.kind }),
  credentials: sealed,
  auth_state: null,
  auth_expires_at: null,
  health: 'unknown',
  last_error: null,
  failures: 0,
  broken_until: null,
});

/** What was changed, and of credentials only that they were. */
const toDetails = ({ auth, url, ...open }: ConnectionChange, kind: Connection['kind']) => ({
  ...open,
  ...(url !== undefined && { url: shownUrl(url, kind) }),
  ...(auth && { auth: auth.kind }),
});

const isOtherServer = ({ auth, url, settings, enabled }: ConnectionChange): boolean =>
  auth !== undefined || url !== undefined || settings !== undefined || enabled === true;

async function tryAgain(deps: ConnectDeps, principal: Principal, row: Connection): Promise<ConnectionView> {
  const { ok, connection } = await checkConnection(deps, row);
  if (ok) await resumeWaiting(deps, principal, row.id);
  return connection;
}

/** Its tools and grants go with it; what was done with them stays in the jobs. @throws RequestError 404, 403 */
export async function removeConnection(deps: ConnectDeps, principal: Principal, id: string): Promise<void> {
  const { organizationId } = principal;
  await withOrganization(deps.db, organizationId, async (trx) => {
    const row = await readConnection(trx, principal, id);
    refuseChange(principal, row);
    await deleteConnection(trx, id);
    await audit(trx, principal, 'connection.deleted', id, { provider: row.provider, slug: row.slug, name: row.name });
  });
  await deps.tools.forget({ organizationId, connectionId: id });
}
