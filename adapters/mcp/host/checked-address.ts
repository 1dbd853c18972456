import { isIP, type LookupFunction } from 'node:net';
import { EgressRefusedError } from '../../../domain/connections/connection-ports.ts';
import ipaddr from 'ipaddr.js';
import { lookup } from 'node:dns/promises';

/** Names of this machine and of local networks, whatever a resolver makes of them (RFC 6761, 6762, 8375, 9476). */
const LOCAL_NAMES = ['localhost', 'localdomain', 'local', 'internal', 'home.arpa', 'intranet', 'lan', 'onion', 'alt'];
const HTTPS_PORT = 443;
/** Below it live mail, name, login and file servers, which must not be sent anybody's text. */
const FIRST_UNPRIVILEGED_PORT = 1024;

const isLocalName = (host: string): boolean =>
  !host.includes('.') || LOCAL_NAMES.some((name) => host === name || host.endsWith(`.${name}`));

/** The host as it is looked up: without the brackets of IPv6 and without trailing dots. */
const hostOf = ({ hostname }: URL): string => hostname.replaceAll(/^\[|\]$|\.+$/g, '').toLowerCase();

/**
 * What can be said of an address before it is looked up. The URL parser has already made one form of decimal, octal
 * and hexadecimal addresses. With `allowPrivate` also http and local addresses, for development only.
 * @throws EgressRefusedError
 */
export function checkUrl(url: URL, allowPrivate: boolean): void {
  const host = hostOf(url);
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:'))
    throw new EgressRefusedError(`Only https addresses are allowed, and ${url.protocol}// is not.`);
  if (url.username !== '' || url.password !== '')
    throw new EgressRefusedError('An address must not carry a user name or a password.');
  if (host === '') throw new EgressRefusedError('The address names no host.');
  if (allowPrivate) return;
  const port = url.port === '' ? HTTPS_PORT : Number(url.port);
  if (port !== HTTPS_PORT && port < FIRST_UNPRIVILEGED_PORT)
    throw new EgressRefusedError(`Port ${port} is not allowed.`);
  if (isIP(host) !== 0 ? !isPublicAddress(host) : isLocalName(host))
    throw new EgressRefusedError(`${host} is not an address on the public internet.`);
}

/**
 * Public by their range, and yet inside: Azure's platform address answers with credentials.
 * https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
 */
const INSIDE_ALL_THE_SAME = new Set(['168.63.129.16']);
/** The only IPv6 addresses that IANA has given out for the internet; special ones inside of it have ranges of their own. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether a packet to it leaves for the internet. Addresses that carry an IPv4 address inside (mapped, NAT64, 6to4,
 * Teredo) are not judged by it but refused whole: no public server needs them.
 */
export function isPublicAddress(text: string): boolean {
  // With a zone (`fe80::1%eth0`) it names an interface of ours.
  if (text.includes('%') || !ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv4
    ? ipaddr.IPv4.isValidFourPartDecimal(text) && !INSIDE_ALL_THE_SAME.has(address.toString())
    : address.match(GLOBAL_UNICAST);
}

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
