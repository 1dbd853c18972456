import { createHmac } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { prepareDatabase } from '../../db/prepare.ts';
import { keepPrivate } from '../../dev/paths.ts';
import { anyFreePort, isPortFree } from '../../dev/ports.ts';
import { startPostgres, type RunningPostgres } from '../../dev/postgres/server.ts';
import { processMark, signalProcess } from '../../dev/processes.ts';
import { removeLater, scratch } from './scratch.ts';

jest.setTimeout(60_000);

const running: RunningPostgres[] = [];
afterEach(() => Promise.all(running.splice(0).map((server) => server.stop())));

async function start(root: string, print?: (line: string) => void): Promise<RunningPostgres> {
  const port = await anyFreePort();
  const options = { dataDir: join(root, 'postgres'), logFile: join(root, 'postgres.log'), port, fsync: false, print };
  const server = await startPostgres(options);
  running.push(server);
  return server;
}

async function ask(url: string, query: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(query)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

const clusterOf = (root: string) => join(root, 'postgres', 'cluster');

describe('embedded Postgres', () => {
  it('starts on 127.0.0.1 with a password, stops fast, and finds its data again', async () => {
    const root = scratch();
    const first = await start(root);
    await ask(first.adminUrl, 'create table kept as select 7 as n');
    const withoutPassword = first.adminUrl.replace(/:[^:@]*@/, ':wrong@');
    await expect(ask(withoutPassword, 'select 1')).rejects.toThrow('password authentication failed');
    expect(await ask(first.adminUrl, "select current_setting('max_connections')")).toEqual(['300']);
    expect(await ask(first.adminUrl, 'select datlocale from pg_database')).toEqual(['C.UTF-8', 'C.UTF-8', 'C.UTF-8']);
    await first.stop();
    expect(await isPortFree(Number(new URL(first.adminUrl).port))).toBe(true);
    expect(statSync(join(clusterOf(root), 'nubabel-password')).mode & 0o777).toBe(0o600);
    const second = await start(root);
    expect(await ask(second.adminUrl, 'select n from kept')).toEqual([7]);
  });

  it('takes its data along when the folder around it is closed to everybody else', async () => {
    if (userInfo().uid !== 0) return;
    const root = scratch();
    const first = await start(root);
    await ask(first.adminUrl, 'create table kept as select 7 as n');
    await first.stop();
    keepPrivate(root);
    expect(statSync(root).mode & 0o777).toBe(0o700);
    const second = await start(root);
    expect(await ask(second.adminUrl, 'select n from kept')).toEqual([7]);
    const place = readFileSync(join(root, 'postgres.moved-to'), 'utf8').trim();
    removeLater(place);
    removeLater(`${place}.belongs-to`);
    expect(existsSync(clusterOf(root))).toBe(false);
  });

  it('gives the application a password that nobody can work out, also where the admin’s address has none', async () => {
    const { adminUrl } = await start(scratch());
    const url = new URL(adminUrl);
    const { password, host } = url;
    url.password = '';
    // As a socket or a certificate lets an admin in.
    process.env['PGPASSWORD'] = password;
    try {
      const [one, another] = [
        await prepareDatabase({ adminUrl: url.toString(), secret: () => 'random and kept' }),
        await prepareDatabase({ adminUrl: url.toString(), secret: () => 'another' }),
      ];
      const known = createHmac('sha256', 'nubabel').update(`nubabel_app@${host}`).digest('hex');
      const passwords = [one, another].map(({ appUrl }) => new URL(appUrl).password);
      expect(new Set([...passwords, known]).size).toBe(3);
      await expect(ask(another.appUrl, 'select 1')).resolves.toEqual([1]);
      await expect(ask(one.appUrl, 'select 1')).rejects.toThrow('password authentication failed');
    } finally {
      delete process.env['PGPASSWORD'];
    }
  });

  it('starts after a kill -9, and after its pid went to somebody else', async () => {
    const root = scratch();
    const first = await start(root);
    await ask(first.adminUrl, 'create table kept as select 7 as n');
    signalProcess(first.child.pid, 'SIGKILL');
    await first.child.exited;
    const pidFile = join(clusterOf(root), 'postmaster.pid');
    expect(existsSync(pidFile)).toBe(true);
    const second = await start(root);
    expect(await ask(second.adminUrl, 'select n from kept')).toEqual([7]);
    const words = readFileSync(pidFile, 'utf8').split('\n');
    await second.stop();
    writeFileSync(pidFile, [String(process.pid), ...words.slice(1)].join('\n'));
    const third = await start(root);
    expect(await ask(third.adminUrl, 'select n from kept')).toEqual([7]);
  });

  it('takes over from a server that a killed start left running', async () => {
    const root = scratch();
    const first = await start(root);
    const second = await start(root);
    expect(processMark(first.child.pid)).toBeUndefined();
    expect(await ask(second.adminUrl, 'select 1')).toEqual([1]);
  });

  it('makes data anew whose making was interrupted', async () => {
    const root = scratch();
    for (const name of ['cluster', 'cluster.unfinished']) {
      mkdirSync(join(root, 'postgres', name, 'base'), { recursive: true });
      writeFileSync(join(root, 'postgres', name, 'PG_VERSION'), '18\n');
    }
    expect(await ask((await start(root)).adminUrl, 'select 1')).toEqual([1]);
  });

  it('says what to do with data of another version', async () => {
    const root = scratch();
    await (await start(root)).stop();
    writeFileSync(join(clusterOf(root), 'PG_VERSION'), '15\n');
    await expect(start(root)).rejects.toThrow(
      /was written by PostgreSQL 15 and this is PostgreSQL 18\. Move that folder away/,
    );
  });

  const asRoot = userInfo().uid === 0 ? it : it.skip;
  asRoot('keeps its data elsewhere when its user may not enter the folder', async () => {
    const [root, said] = [scratch(), [] as string[]];
    chmodSync(root, 0o700);
    const first = await start(root, (line) => said.push(line));
    const place = readFileSync(join(root, 'postgres.moved-to'), 'utf8').trim();
    removeLater(place);
    expect(said).toEqual([expect.stringContaining(`its data is kept in ${place}.`)]);
    await ask(first.adminUrl, 'create table kept as select 7 as n');
    await first.stop();
    const second = await start(root);
    expect(await ask(second.adminUrl, 'select n from kept')).toEqual([7]);
    await second.stop();
    rmSync(place, { recursive: true });
  });
});
