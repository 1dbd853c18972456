import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

interface LockedPackage {
  version?: string;
  integrity?: string;
  link?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

/**
 * A registry mirror may lack the binaries of other platforms; `npm install` then leaves them out of the lockfile, and
 * `npm ci` refuses it as out of step. This writes them back, with the platform that their name says and the checksum that
 * the registry tells, so that the lockfile is the same wherever it is made. Run it after every `npm install` against such
 * a mirror. Exit code 1 when a package is left without a checksum: nothing would notice a package that was swapped.
 */
const FILE = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(FILE, 'utf8')) as { packages: Record<string, LockedPackage> };

const SYSTEMS = ['darwin', 'win32', 'linux', 'android', 'freebsd', 'openbsd', 'netbsd', 'sunos', 'aix', 'openharmony'];
const PROCESSORS = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el', 'wasm32'];

const missing = Object.entries(lock.packages).flatMap(([parent, { optionalDependencies = {} }]) =>
  Object.entries(optionalDependencies)
    .filter(([name]) => !isLocked(parent, name))
    .map(([name, version]) => [name, version] as const),
);
for (const [name, version] of missing)
  lock.packages[`node_modules/${name}`] = { version, optional: true, ...platformOf(name) };
const unchecked: string[] = [];
for (const [path, each] of Object.entries(lock.packages)) {
  if (path === '' || each.link || each.integrity) continue;
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  each.integrity = integrityOf(`${name}@${each.version}`);
  if (!each.integrity) unchecked.push(`${name}@${each.version}`);
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(FILE, `${JSON.stringify(lock, undefined, 2)}\n`);
process.stdout.write(`${missing.length} packages of other platforms written back\n`);
if (unchecked.length > 0) {
  process.stderr.write(
    `No registry told a checksum of ${unchecked.join(', ')}. Run this again where npm reaches one that has them.\n`,
  );
  process.exitCode = 1;
}

/** As npm's registry tells it; undefined when it cannot be reached or does not know the package. */
function integrityOf(spec: string): string | undefined {
  const { stdout } = spawnSync('npm', ['view', spec, 'dist.integrity'], { encoding: 'utf8', timeout: 60_000 });
  return /^sha\d+-[A-Za-z0-9+/=]+$/.exec(stdout?.trim() ?? '')?.[0];
}

/** Found the way Node looks: beside the parent, then further up. */
function isLocked(parent: string, name: string): boolean {
  for (let at = parent; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (lock.packages[`${at ? `${at}/` : ''}node_modules/${name}`]) return true;
    if (!at.includes('/node_modules/')) return lock.packages[`node_modules/${name}`] !== undefined;
  }
}

/** `@swc/core-linux-arm-gnueabihf` runs on Linux and ARM. */
function platformOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> {
  const words = name.split(/[-/@]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  if (os.length === 0 && cpu.length === 0)
    throw new Error(`${name} names no platform; install it, or mend this script.`);
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : words.includes('gnu') ? ['glibc'] : [];
  return { ...(os.length > 0 && { os }), ...(cpu.length > 0 && { cpu }), ...(libc.length > 0 && { libc }) };
}
