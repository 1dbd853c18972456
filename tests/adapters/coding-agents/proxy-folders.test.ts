import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeLeftProxyFolders } from '../../../adapters/coding-agents/proxy-folders.ts';

const PROXY = fileURLToPath(new URL('../../../adapters/coding-agents/egress-proxy.ts', import.meta.url));

let root: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nubabel-left-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

/** A process that has opened the proxy of a coding agent, as a worker does. */
async function openElsewhere(): Promise<{ readonly folder: string; kill(): Promise<void> }> {
  const code = `
    import { openEgressProxy } from ${JSON.stringify(PROXY)};
    const { socket } = await openEgressProxy({ baseUrl: undefined, hosts: [], onRefused() {} });
    console.log(socket);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: root },
  });
  children.push(child);
  const [line] = await once(child.stdout, 'data');
  return {
    folder: dirname(String(line).trim()),
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
const aged = (folder: string) => utimesSync(folder, new Date(0), new Date(0));

it('removes the folder of a killed process, and leaves that of a living one', async () => {
  const [killed, living] = [await openElsewhere(), await openElsewhere()];
  await killed.kill();
  expect(existsSync(join(killed.folder, 'proxy'))).toBe(true);
  expect(await removeLeftProxyFolders(root)).toBe(1);
  expect(readdirSync(root)).toEqual([basename(living.folder)]);
  expect(existsSync(join(living.folder, 'proxy'))).toBe(true);
  expect(await removeLeftProxyFolders(root)).toBe(0);
});

it('removes it although its process number belongs to somebody else by now', async () => {
  const { folder } = await openElsewhere();
  const [app, machine, space, pid, start, random] = basename(folder).split('-');
  const other = [app, machine, space, pid, `${start}0`, random].join('-');
  renameSync(folder, join(root, other));
  expect(await removeLeftProxyFolders(root)).toBe(1);
});

it('removes nothing else: a link, a folder that others can enter, one that holds more, one of another machine', async () => {
  const killed = await Promise.all(Array.from({ length: 4 }, openElsewhere));
  await Promise.all(killed.map((one) => one.kill()));
  const [linked = '', open = '', full = '', foreign = ''] = killed.map(({ folder }) => folder);
  const elsewhere = join(root, 'elsewhere');
  renameSync(linked, elsewhere);
  symlinkSync(elsewhere, linked);
  chmodSync(open, 0o755);
  writeFileSync(join(full, 'notes'), 'mine');
  renameSync(foreign, foreign.replace(/nubabel-[0-9a-f]{8}/, 'nubabel-00000000'));
  mkdirSync(join(root, 'nubabel-AbCdEf'), { mode: 0o700 });
  const there = readdirSync(root).sort();
  expect(await removeLeftProxyFolders(root)).toBe(0);
  expect(readdirSync(root).sort()).toEqual(there);
  expect([existsSync(join(elsewhere, 'proxy')), existsSync(join(full, 'proxy'))]).toEqual([true, true]);
});

it('asks the socket where process numbers say nothing, as between containers, and leaves what has just begun', async () => {
  const [killed, living, young] = [await openElsewhere(), await openElsewhere(), await openElsewhere()];
  const moved = [killed, living, young].map(({ folder }) => {
    const [app, machine, , ...rest] = basename(folder).split('-');
    const name = join(root, [app, machine, '1', ...rest].join('-'));
    renameSync(folder, name);
    return name;
  });
  await killed.kill();
  await young.kill();
  for (const folder of moved.slice(0, 2)) aged(folder);
  expect(await removeLeftProxyFolders(root)).toBe(1);
  expect(moved.map((folder) => existsSync(folder))).toEqual([false, true, true]);
});
