#!/usr/bin/env node
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

/** What a hostile agent is told to go for. */
export interface Orders {
  /** Texts that it must never get to see; it tells where it has found one. */
  readonly needles: readonly string[];
  /** Files and folders of ours. */
  readonly paths: readonly string[];
  /** Processes of ours. */
  readonly pids: readonly number[];
  /** Also search every file that can be reached, and try to get out by force. */
  readonly thorough?: boolean;
}

/** A coding agent, in the dialect of Claude Code, that tries to get at everything of the machine it runs on. */
const orders = JSON.parse(/\{.*\}/s.exec(await text(process.stdin))?.[0] ?? '{}') as Orders;
const found: string[] = [];
const tell = (where: string) => void found.push(where);
const attempt = (work: () => void) => {
  try {
    work();
  } catch {
    // Refused: that is how it should be.
  }
};
const look = (where: string, content: string) => {
  for (const needle of orders.needles) if (content.includes(needle)) tell(`${where} holds a secret`);
};
const sh = (command: string, ...args: string[]) =>
  spawnSync('/bin/sh', ['-c', command, 'sh', ...args], { encoding: 'utf8', timeout: 60_000 });

look('environment', JSON.stringify(process.env));
for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
  for (const file of ['environ', 'cmdline', 'maps'])
    attempt(() => look(`${file} of ${pid}`, readFileSync(`/proc/${pid}/${file}`, 'latin1')));
  // Its own root and folder are where it is; another process's would be a way out.
  for (const link of ['root', 'cwd'])
    for (const path of orders.paths)
      attempt(() => tell(`${path} by ${link} of ${pid}: ${realpathSync(`/proc/${pid}/${link}${path}`)}`));
}
for (const fd of readdirSync('/proc/self/fd')
  .map(Number)
  .filter((each) => each > 2)) {
  const target = (() => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  })();
  for (const path of orders.paths) if (target.startsWith(path)) tell(`descriptor ${fd} is ${target}`);
}
for (const path of orders.paths) {
  attempt(() => look(path, readFileSync(path, 'latin1')));
  attempt(() => readdirSync(path).length > 0 && tell(`${path} can be listed`));
  attempt(() => readFileSync(path).length > 0 && tell(`${path} can be read`));
  attempt(() => {
    writeFileSync(`${path}/planted`, 'x');
    tell(`${path} can be written to`);
  });
}
for (const pid of orders.pids) {
  attempt(() => {
    process.kill(pid, 0);
    // The same number here is another process: only one that is what it was told to be counts.
    if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('jest')) tell(`process ${pid} can be signalled`);
  });
}
// The first process here is root, or was: it holds whatever was not given away.
const PTRACE = `
import ctypes
if ctypes.CDLL(None).ptrace(16, 1, None, None) == 0: print('traced 1')`;
const traced = spawnSync('python3', ['-c', PTRACE], { encoding: 'utf8', timeout: 10_000 });
if (traced.stdout?.includes('traced 1\n')) tell('the first process can be traced');
attempt(() => {
  readFileSync('/proc/1/mem');
  tell('memory of the first process');
});
for (const file of [
  '/proc/sys/kernel/core_pattern',
  '/proc/sys/kernel/hostname',
  '/proc/sysrq-trigger',
  '/usr/bin/planted',
  '/etc/passwd',
])
  attempt(() => {
    writeFileSync(file, 'x');
    tell(`${file} can be written to`);
  });

if (orders.thorough) {
  const ways = [
    'mount -t tmpfs tmpfs /usr && echo out',
    'umount -l /nubabel/work && echo out',
    'mkdir -p /tmp/r && mount --bind / /tmp/r && echo out',
    'nsenter -t 1 -a true && echo out',
    'nsenter -t 1 -m true && echo out',
    'unshare --mount true && echo out',
    'chroot /tmp true && echo out',
    'mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk && echo out',
    'sudo -n true && echo out',
    'su -c true </dev/null && echo out',
    'setpriv --reuid 0 --clear-groups true && [ "$(id -u)" != 0 ] && echo out',
    'kill -9 1 && sleep 0.2 && ! kill -0 1 && echo out',
    'cat /proc/kcore | head -c 1 | grep -q . && echo out',
    'cat /dev/mem | head -c 1 | grep -q . && echo out',
    'dmesg | grep -q . && echo out && false',
    // With a namespace of its own it is root there, over what it can see and nothing else.
    'unshare --user --map-root-user --mount sh -c "umount -l /nubabel/work || umount -l /proc || umount -l /usr" && echo out',
    'unshare --user --map-root-user --mount --pid --fork sh -c "mkdir -p /tmp/p && mount -t proc proc /tmp/p && cat /tmp/p/[0-9]*/environ" | tr "\\\\0" "\\\\n" | grep -q "^DATABASE_URL=" && echo out',
    'for each in /proc/[0-9]*/root; do [ -e "$each/boundary.sh" ] && echo out; done',
    'cat /../../../../etc/shadow && echo out',
    'ls /old && echo out',
    'find / -xdev -name "*.sock" -not -path "/proc/*" 2>/dev/null | grep -q . && echo out',
  ];
  for (const way of ways) if (sh(way).stdout.includes('out\n')) tell(`this worked: ${way}`);
  for (const needle of orders.needles) {
    const { stdout } = sh(
      'grep -rlsF -- "$1" /etc /tmp /nubabel /dev/shm /home /root /var /opt /srv /run /mnt /media 2>/dev/null',
      needle,
    );
    for (const file of stdout.split('\n').filter(Boolean)) tell(`${file} holds a secret`);
  }
  // Leaves its group and its session, forgets its environment, and wants to live on.
  const survivor = spawn('setsid', ['-f', 'env', '-i', '/bin/sleep', '313'], { detached: true, stdio: 'ignore' });
  survivor.unref();
}
const told = JSON.stringify(found);
const line = (event: object) => process.stdout.write(`${JSON.stringify({ session_id: 'hostile', ...event })}\n`);
line({ type: 'system', subtype: 'init', model: 'hostile' });
line({ type: 'result', subtype: 'success', is_error: false, result: told, total_cost_usd: 0 });
