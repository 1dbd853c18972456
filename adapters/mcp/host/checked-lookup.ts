import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './addresses.ts';
import { EgressRefusedError } from '../../../domain/connections/egress-port.ts';

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export const resolveBySystem: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true, verbatim: true })).map(({ address }) => address);

/**
 * The lookup that a socket is opened with: the name is resolved once, all its addresses are judged, and the socket goes
 * to one of those and nowhere else. One bad address among good ones refuses the name, because the next answer could
 * have them in another order.
 */
export function createCheckedLookup(resolve: Resolve, allowPrivate: boolean): LookupFunction {
  const check = async (hostname: string) => {
    const addresses = await resolve(hostname);
    if (addresses.length === 0) throw new EgressRefusedError(`${hostname} has no address.`);
    if (!allowPrivate && !addresses.every(isPublicAddress))
      throw new EgressRefusedError(`${hostname} does not lead to the public internet.`);
    return addresses.map((address) => ({ address, family: isIP(address) }));
  };
  return async (hostname, options, callback) => {
    const checked = await check(hostname).then(
      (addresses) => ({ addresses }),
      (error: NodeJS.ErrnoException) => ({ error }),
    );
    if ('error' in checked) callback(checked.error, []);
    else if (options.all) callback(null, checked.addresses);
    else callback(null, checked.addresses[0]?.address ?? '', checked.addresses[0]?.family);
  };
}
