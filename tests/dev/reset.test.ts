import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { claimDataDir } from '../../dev/instance.ts';
import { postgresAccount } from '../../dev/postgres/account.ts';
import { foldersElsewhere, reachableDataDir } from '../../dev/postgres/reachable-folder.ts';
import { removeLater, scratch } from './scratch.ts';

const START = fileURLToPath(new URL('../../dev/start.mjs', import.meta.url));

/** As `npm run reset -- …args` does it. */
async function reset(dataDir: string, ...args: string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [START, '--reset', ...args], {
    env: { PATH: process.env['PATH'], NUBABEL_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
}

function dataOf(root: string): string {
  const dataDir = join(root, '.data');
  mkdirSync(join(dataDir, 'logs'), { recursive: true });
  for (const name of ['dev-token', 'payload-keys', 'postgres.port', 'temporal.db-wal', 'nubabel.pid.json.17'])
    writeFileSync(join(dataDir, name), 'kept\n');
  return dataDir;
}

describe('npm run reset', () => {
  it('removes the data of earlier starts once somebody has said yes', async () => {
    const dataDir = dataOf(scratch());
    const { code, said } = await reset(dataDir, '--yes');
    expect(code).toBe(0);
    expect(said).toContain(dataDir);
    expect(existsSync(dataDir)).toBe(false);
    expect(await reset(dataDir, '--yes')).toMatchObject({
      code: 0,
      said: expect.stringContaining('nothing to remove'),
    });
  });

  it('asks first, and removes nothing where nobody can answer', async () => {
    const dataDir = dataOf(scratch());
    const { code, said } = await reset(dataDir);
    expect(code).toBe(1);
    expect(said).toMatch(/Nothing was removed/);
    expect(existsSync(join(dataDir, 'dev-token'))).toBe(true);
  });

  it('refuses while a start uses the data', async () => {
    const dataDir = dataOf(scratch());
    const instance = await claimDataDir(dataDir, { print: () => undefined });
    const { code, said } = await reset(dataDir, '--yes');
    instance.release();
    expect(code).toBe(1);
    expect(said).toContain('already running');
    expect(existsSync(join(dataDir, 'dev-token'))).toBe(true);
  });

  it('removes nothing from a folder that is not Nubabel’s', async () => {
    const folder = scratch();
    for (const name of ['postgres', 'logs', 'photos']) mkdirSync(join(folder, name));
    const { code, said } = await reset(folder, '--yes');
    expect({ code, left: readdirSync(folder).sort() }).toEqual({ code: 1, left: ['logs', 'photos', 'postgres'] });
    expect(said).toContain('Nothing was removed');
  });

  it('leaves what others have put into its folder', async () => {
    const dataDir = dataOf(scratch());
    writeFileSync(join(dataDir, 'letter.txt'), 'mine');
    const { code, said } = await reset(dataDir, '--yes');
    expect({ code, left: readdirSync(dataDir) }).toEqual({ code: 0, left: ['letter.txt'] });
    expect(said).toContain('letter.txt');
  });

  it('follows no note to a place that is not its own', async () => {
    const dataDir = dataOf(scratch());
    const other = scratch();
    writeFileSync(join(dataDir, 'postgres.moved-to'), `${other}\n`);
    const { said } = await reset(dataDir, '--yes');
    expect(existsSync(other)).toBe(true);
    expect(said).not.toContain(other);
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot('removes what root’s start keeps elsewhere, also of checkouts that are gone', async () => {
    const keptElsewhere = (dataDir: string) => {
      const wanted = join(dataDir, 'postgres');
      const place = reachableDataDir(wanted, postgresAccount(wanted), () => undefined);
      for (const made of [place, `${place}.belongs-to`]) removeLater(made);
      return place;
    };
    const [mine, gone, others] = [scratch(), scratch(), scratch()];
    // Nobody but root may enter them, as below /root.
    for (const root of [mine, gone, others]) chmodSync(root, 0o700);
    const dataDir = dataOf(mine);
    const places = [keptElsewhere(dataDir), keptElsewhere(dataOf(gone)), keptElsewhere(dataOf(others))] as const;
    expect(places.every((place) => place.startsWith('/var/lib/nubabel/') || place.includes('nubabel'))).toBe(true);
    rmSync(gone, { recursive: true });
    expect(foldersElsewhere(join(dataDir, 'postgres'))).toEqual(expect.arrayContaining([places[0], places[1]]));
    const { code, said } = await reset(dataDir, '--yes');
    expect([code, ...places.map((place) => [said.includes(place), existsSync(place)])]).toEqual([
      0,
      [true, false],
      [true, false],
      [false, true],
    ]);
  });
});
