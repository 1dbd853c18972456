import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { SYSTEM_ENV } from '../child-env.ts';

/** A user of this machine. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

const NOBODY = 65_534;

const isRoot = (): boolean => userInfo().uid === 0;

/**
 * The user Postgres runs as when we are root, because it refuses to run as root; undefined when we are not and it
 * runs as we do. The owner of existing data goes first: a start without root must still be able to read it later.
 */
export function postgresAccount(existingData: string): Account | undefined {
  if (!isRoot()) return undefined;
  const owner = existsSync(existingData) ? statSync(existingData) : undefined;
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid, name: `user ${owner.uid}` };
  return lookUp('postgres') ?? create('postgres') ?? lookUp('nobody') ?? { uid: NOBODY, gid: NOBODY, name: 'nobody' };
}

function lookUp(name: string): Account | undefined {
  const ask = (field: string) =>
    Number.parseInt(execFileSync('id', [field, name], { encoding: 'utf8', stdio: 'pipe', env: SYSTEM_ENV }), 10);
  try {
    return { uid: ask('-u'), gid: ask('-g'), name };
  } catch {
    return undefined;
  }
}

/** The second pair is how busybox (Alpine) spells it. */
function create(name: string): Account | undefined {
  const ways = [
    [
      ['groupadd', '--system', name],
      ['useradd', '--system', '--no-create-home', '--gid', name, name],
    ],
    [
      ['addgroup', '-S', name],
      ['adduser', '-S', '-D', '-H', '-G', name, name],
    ],
  ];
  for (const way of ways) {
    for (const [command = '', ...args] of way) spawnSync(command, args, { stdio: 'ignore', env: SYSTEM_ENV });
    const created = lookUp(name);
    if (created) return created;
  }
  return undefined;
}

/** Whether that user (or we, without one) may enter the folder and write in it. */
export const mayUse = (folder: string, account: Account | undefined): boolean =>
  spawnSync('/bin/sh', ['-c', 'cd "$1" && test -w .', 'sh', folder], {
    ...idsOf(account),
    cwd: '/',
    stdio: 'ignore',
    env: SYSTEM_ENV,
  }).status === 0;

/** What `spawn` takes. */
export const idsOf = (account: Account | undefined): { uid?: number; gid?: number } =>
  account ? { uid: account.uid, gid: account.gid } : {};
