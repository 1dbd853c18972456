import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { chown, mkdir, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Command } from './coding-agents.ts';
import { openEgressProxy, type EgressProxy } from './egress-proxy.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const SCRIPT = readFileSync(new URL('boundary.sh', import.meta.url), 'utf8');
const SHELL = '/bin/sh';
const UNSHARE = ['/usr/bin/unshare', '/bin/unshare'];
const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--ipc', '--uts', '--net'];
/** The user of agents where the worker is root: no account has it, and systemd and distributions give it to none. */
const AGENT_USER = 65_533;
/** A trial that takes longer has failed, ms. */
const TRIAL_MS = 15_000;
/** A trial that has failed is made again after this, ms. */
const TRY_AGAIN_MS = 60_000;
const DRAWN = 'drawn';
/** Where the relay listens behind the boundary; on the next one when that is the port of the model API. */
const RELAY_PORT = 3128;

/**
 * Carries connections from the loopback behind the boundary to the proxy's socket, and those to the port of a model API
 * on our own loopback through it. It tells its port when it listens, and lasts until the namespace ends.
 */
const RELAY = `
const net = require('node:net');
const { pipeline } = require('node:stream');
const [path, api] = process.argv.slice(1);
const apiPort = Number(/:(\\d+)$/.exec(api)?.[1]);
const port = apiPort === ${RELAY_PORT} ? ${RELAY_PORT + 1} : ${RELAY_PORT};
process.on('SIGTERM', () => {});
const join = (near, far) => {
  pipeline(near, far, () => {});
  pipeline(far, near, () => {});
};
const open = (near) => net.connect({ path, allowHalfOpen: true }).on('error', () => near.destroy());
const listen = (at, carry) =>
  new Promise((done) => net.createServer({ allowHalfOpen: true }, (near) => carry(near.on('error', () => {}))).listen(at, done));
const toApi = (near) => {
  const far = open(near);
  let head = '';
  far.write('CONNECT ' + api + ' HTTP/1.1\\r\\nhost: ' + api + '\\r\\n\\r\\n');
  far.on('close', () => near.destroy()).on('data', function answer(bytes) {
    head += bytes.toString('latin1');
    const end = head.indexOf('\\r\\n\\r\\n');
    if (end < 0) return;
    far.off('data', answer).pause();
    if (!head.startsWith('HTTP/1.1 200 ')) return near.destroy();
    if (head.length > end + 4) near.write(Buffer.from(head.slice(end + 4), 'latin1'));
    join(near, far);
  });
};
Promise.all([listen(port, (near) => join(near, open(near))), ...(apiPort ? [listen(apiPort, toApi)] : [])])
  .then(() => process.stdout.write(port + '\\n'));`;

/** All that a coding agent may write to. */
interface Territory {
  readonly work: string;
  readonly home: string;
}

/** Keeps coding agents away from our files, processes and environment; on Linux, by namespaces. */
export interface Boundary {
  /** Undefined when a coding agent can be kept away; else why not, in words for people. Really tried, and remembered. */
  problem(): Promise<string | undefined>;
  /**
   * The command that runs another one behind the boundary, with the proxy as its only way to a network. It fails, before
   * the agent begins, when the boundary cannot be drawn.
   */
  around(command: Command, territory: Territory, proxy: EgressProxy): Promise<Command>;
}

interface BoundaryDeps {
  /** Where data, logs and keys are. */
  readonly dataDir: string;
  /** All that the agent sees of our environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What the worker runs on. */
  readonly platform?: NodeJS.Platform | undefined;
}

export function createBoundary({ dataDir, env, platform = process.platform }: BoundaryDeps): Boundary {
  const data = resolve(dataDir);
  const mountPoint = join(data, 'workspaces', '.root');
  const isRoot = process.getuid?.() === 0;
  const hidden = [ROOT, data, resolve('.'), ...(env['HOME'] ? [env['HOME']] : [])].filter((path) => path !== '/');
  /** None of these may be there in the end; folders of ours may hold what is shown, so files are named. */
  const secrets = [join(ROOT, '.env'), join(ROOT, 'config.ts'), data, join(resolve('.'), '.env')];

  async function around({ file, args }: Command, { work, home }: Territory, proxy: EgressProxy): Promise<Command> {
    const real = await realpath(file);
    const program = [shownFor(real, [...hidden, ...secrets]), process.execPath];
    await mkdir(mountPoint, { recursive: true, mode: 0o700 });
    if (isRoot) for (const folder of [work, home]) await chown(folder, AGENT_USER, AGENT_USER);
    const user = String(isRoot ? AGENT_USER : 0);
    const namespaces = isRoot ? NAMESPACES : ['--user', '--map-root-user', ...NAMESPACES];
    const places = [
      mountPoint,
      user,
      work,
      home,
      process.execPath,
      readlinkSync('/proc/self/ns/net'),
      proxy.socket,
      RELAY,
      proxy.local ?? '',
      ...hidden,
      '--',
      ...program,
      '--',
      ...secrets,
      '--',
    ];
    return {
      file: unshareProgram() ?? UNSHARE[0] ?? '',
      args: [...namespaces, SHELL, '-c', SCRIPT, 'boundary', ...places, real, ...args],
    };
  }

  let known: { readonly at: number; readonly problem: Promise<string | undefined> } | undefined;
  return {
    around,
    async problem() {
      const failed = known && performance.now() - known.at > TRY_AGAIN_MS && (await known.problem) !== undefined;
      if (!known || failed)
        known = { at: performance.now(), problem: tryOut({ around, data, secrets, env, platform }) };
      return known.problem;
    },
  };
}

const unshareProgram = (): string | undefined => UNSHARE.find((file) => existsSync(file));

/** A program brings its package or, of one that has none, its folder, unless ours are in there as well. */
function shownFor(program: string, ours: readonly string[]): string {
  const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(program)?.[0] ?? dirname(program);
  const holds = (path: string): boolean => {
    const from = relative(folder, path);
    return from === '' || !(from === '..' || from.startsWith(`..${sep}`) || isAbsolute(from));
  };
  return folder === '/' || ours.some(holds) ? program : folder;
}

interface Trial {
  readonly around: Boundary['around'];
  readonly data: string;
  readonly secrets: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly platform: NodeJS.Platform;
}

/**
 * Looks from behind the boundary for what must not be seen there: other processes, the environment of one that has a
 * database, our files. Says `drawn` when none of it is there.
 */
const LOOK_AROUND = `
for each in /proc/[0-9]*; do
  tr '\\0' '\\n' <"$each/environ" 2>/dev/null | grep -q '^\\(DATABASE_URL\\|CREDENTIAL_KEYS\\)=' && echo "environment of $each"
done
[ -e "/proc/$0" ] && [ "$(tr '\\0' ' ' <"/proc/$0/cmdline" 2>/dev/null)" = "$1" ] && echo "process $0"
shift
for each in "$@"; do [ -f "$each" ] && [ -s "$each" ] && echo "$each"; done
[ -w /usr ] && echo 'writable /usr'
grep -q '^[^ ]*[[:space:]]00000000' /proc/net/route && echo 'a network'
: 2>/dev/null >"$HOME/trial" && rm "$HOME/trial" || echo 'no home'
echo ${DRAWN}`;

/** Why a boundary cannot be drawn here, in words; undefined when it can. */
async function tryOut({ around, data, secrets, env, platform }: Trial): Promise<string | undefined> {
  if (platform !== 'linux')
    return 'this system offers no boundary that Nubabel could draw around it. Run the worker of the pool local-ops on Linux.';
  if (!unshareProgram()) return 'unshare is not there: install util-linux on the machine of the worker.';
  const [work, home] = [join(data, 'workspaces', '.trial', 'work'), join(data, 'workspaces', '.trial', 'home')];
  let proxy: EgressProxy | undefined;
  try {
    proxy = await openEgressProxy({ baseUrl: undefined, hosts: [], onRefused: () => {} });
    for (const folder of [work, home]) await mkdir(folder, { recursive: true, mode: 0o700 });
    const look = ['-c', LOOK_AROUND, String(process.pid), ownCommand(), ...secrets, join(data, 'dev-token')];
    const { file, args } = await around({ file: SHELL, args: look }, { work, home }, proxy);
    const { stdout } = await promisify(execFile)(file, args, { env: { ...env }, cwd: '/', timeout: TRIAL_MS });
    const seen = stdout.trim();
    return seen === DRAWN ? undefined : `something of ours could still be seen from there (${seen.split('\n')[0]}).`;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const why = (stderr || message).trim().split('\n').at(-1) ?? '';
    return `the system does not let it be drawn (${why}). Allow user namespaces to the worker's user, or run the worker of the pool local-ops as root with CAP_SYS_ADMIN and CAP_NET_ADMIN in a container of its own.`;
  } finally {
    await proxy?.close();
  }
}

const ownCommand = (): string =>
  existsSync('/proc/self/cmdline') ? readFileSync('/proc/self/cmdline', 'utf8').replaceAll('\0', ' ') : '';
