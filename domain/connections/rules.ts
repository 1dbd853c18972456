import {
  isFirstParty,
  type ConnectionAuth,
  type ConnectionChange,
  type NewConnection,
} from '../../contracts/connections.ts';
import type { Connection } from '../../db/queries/connections.ts';
import { EgressRefusedError, type CheckAddress } from './connection-ports.ts';
import { hasHiddenParts } from '../../contracts/clean-text.ts';
import { type Principal, invalidField, RequestError } from '../../contracts/request.ts';

/** A personal connection is its owner's; admins see that it is there, and may switch it off and delete it. */
export const maySee = ({ role, userId }: Principal, { user_id: owner }: Connection): boolean =>
  owner === null || owner === userId || role === 'admin';

/** Calls it, with its credentials: never somebody else's personal one. @throws RequestError 403 */
export function refuseUse({ userId }: Principal, { user_id: owner }: Connection): void {
  if (owner !== null && owner !== userId)
    throw new RequestError('forbidden', 'This connection is somebody else’s own. Only they may use it.');
}

/** @throws RequestError 403 */
export function refuseChange({ role, userId }: Principal, { user_id: owner }: Connection): void {
  if (owner === userId || role === 'admin') return;
  throw new RequestError('forbidden', 'Only an admin may change a connection of the organization.');
}

const OF_OWNER = ['auth', 'url', 'settings', 'trusted'] as const;

/** What else a change may not be. @throws RequestError 403, 400 */
export function refuseChangeOf(principal: Principal, row: Connection, change: ConnectionChange): void {
  refuseChange(principal, row);
  const isOthers = row.user_id !== null && row.user_id !== principal.userId;
  const field = OF_OWNER.find((one) => change[one] !== undefined);
  // Otherwise an admin could have their work done in another person's name, or theirs in their own.
  if (isOthers && field)
    throw new RequestError('forbidden', `This connection is somebody else’s own. Only they may change its ${field}.`);
  if (change.trusted === true && (!row.trusted || leadsElsewhere(row, change))) refuseTrust(principal);
  if (change.url !== undefined && change.auth === undefined && leaves(row, change.url))
    throw invalidField(
      'auth',
      'Give the credentials again: they would go to another address than they were given for.',
    );
}

/**
 * Whether a change makes it another server, or has others say who may speak for it. Trust was given to what was there
 * before: it ends, unless an admin gives it again in the same change.
 */
export function leadsElsewhere({ url }: Connection, { url: next, auth }: ConnectionChange): boolean {
  if (next !== undefined && (url === null || URL.parse(url)?.href !== URL.parse(next)?.href)) return true;
  const { authorizationUrl, tokenUrl, issuer } = (auth ?? {}) as Record<string, string | undefined>;
  return [authorizationUrl, tokenUrl, issuer].some((address) => address !== undefined);
}

const leaves = ({ auth_kind: kind, url }: Connection, next: string): boolean =>
  kind !== 'none' && (url === null || URL.parse(url)?.origin !== URL.parse(next)?.origin);

/** @throws RequestError 403, 400 */
export function refuseNew(principal: Principal, given: NewConnection): void {
  if (principal.role !== 'admin' && !given.personal)
    throw new RequestError(
      'forbidden',
      'Only an admin may connect the organization. With "personal": true you can connect yourself.',
    );
  if (given.trusted) refuseTrust(principal);
  if (kindOf(given) === 'remote' && given.url === undefined)
    throw invalidField(
      'url',
      given.hosted
        ? 'Give the address of the hosted MCP server.'
        : `Nubabel has no server of its own for ${given.provider}: give the address of its MCP server.`,
    );
}

export const kindOf = ({ provider, hosted }: NewConnection): Connection['kind'] =>
  isFirstParty(provider) && !hosted ? 'first_party' : 'remote';

function refuseTrust({ role }: Principal): void {
  if (role !== 'admin') throw new RequestError('forbidden', 'Only an admin may trust a server ("trusted": true).');
}

/** Refuses addresses that must not be asked, before anything is kept. @throws RequestError 400 */
export function refuseAddresses(
  checkAddress: CheckAddress,
  { url, auth }: { readonly url?: string | undefined; readonly auth?: ConnectionAuth | undefined },
): void {
  const { authorizationUrl, tokenUrl, issuer } = (auth ?? {}) as Record<string, string | undefined>;
  const named = { url, 'auth.authorizationUrl': authorizationUrl, 'auth.tokenUrl': tokenUrl, 'auth.issuer': issuer };
  for (const [path, address] of Object.entries(named)) {
    if (address === undefined) continue;
    if (hasHiddenParts(address)) throw invalidField(path, 'Give the whole address: *** stands for a hidden key.');
    try {
      checkAddress(new URL(address));
    } catch (error) {
      if (!(error instanceof EgressRefusedError)) throw error;
      throw invalidField(path, error.message);
    }
  }
}
