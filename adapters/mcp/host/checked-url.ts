import { isIP } from 'node:net';
import { EgressRefusedError } from '../../../domain/connections/egress-port.ts';
import { isPublicAddress } from './addresses.ts';

/** Names of this machine and of local networks, whatever a resolver makes of them (RFC 6761, 6762, 8375, 9476). */
const LOCAL_NAMES = ['localhost', 'localdomain', 'local', 'internal', 'home.arpa', 'intranet', 'lan', 'onion', 'alt'];
const HTTPS_PORT = 443;
/** Below it live mail, name, login and file servers, which must not be sent anybody's text. */
const FIRST_UNPRIVILEGED_PORT = 1024;

const isLocalName = (host: string): boolean =>
  !host.includes('.') || LOCAL_NAMES.some((name) => host === name || host.endsWith(`.${name}`));

/** The host as it is looked up: without the brackets of IPv6 and without trailing dots. */
export const hostOf = (url: URL): string =>
  url.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.+$/, '')
    .toLowerCase();

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
