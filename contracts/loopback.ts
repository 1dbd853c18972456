/**
 * Whether a `Host` header names this very machine. A server that only this machine reaches answers no other name: a web
 * page whose own name was pointed at it (DNS rebinding) would otherwise read and do there whatever it likes.
 */
export function isLoopbackHost(header: string | undefined): boolean {
  if (header === '::1') return true;
  const name = /^(\[[^[\]]+\]|[^:[\]]+)(?::\d{1,5})?$/.exec(header ?? '')?.[1]?.toLowerCase() ?? '';
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** The words for everybody else, with the status 421. */
export const NOT_THIS_HOST =
  'This server answers on this machine only: open it as localhost or 127.0.0.1, or set PUBLIC_URL to the address it has.\n';
