import ipaddr from 'ipaddr.js';

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
