/** What programs of any kind may need, and what is nobody's secret. */
const COMMON =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|CI|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|XDG_(?:CACHE|CONFIG|DATA)_HOME|SSL_CERT_(?:FILE|DIR)|LD_LIBRARY_PATH)$/;
/** How the outside is reached; the address of a proxy may hold a password. */
export const PROXIES = /^(?:https?|all|no)_proxy$/i;
/** How Node itself runs; `NODE_AUTH_TOKEN` and the like are npm's. */
export const NODE =
  /^(?:NODE_(?:OPTIONS|EXTRA_CA_CERTS|COMPILE_CACHE|V8_COVERAGE|ENV|TLS_REJECT_UNAUTHORIZED|USE_ENV_PROXY)|UV_\w+)$/;

/**
 * The environment of a program that we start: what all may need, and what this one is known to. Nothing else goes on, so
 * that no key of ours stands in the environment of a program that has no use for it.
 */
export const childEnv = (env: NodeJS.ProcessEnv, ...more: readonly RegExp[]): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => [COMMON, ...more].some((each) => each.test(name))));

/** For programs of the system, which need nothing of ours to be found. */
export const SYSTEM_ENV: NodeJS.ProcessEnv = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin',
  LC_ALL: 'C',
};
