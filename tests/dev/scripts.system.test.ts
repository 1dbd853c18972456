import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findTokenOwner, hashToken } from '../../domain/organizations/organizations.ts';
import { claimDataDir } from '../../dev/instance.ts';
import { writeRunningSystem } from '../../dev/running.ts';
import { createTenant } from '../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { scratch } from './scratch.ts';

const ROOT = join(import.meta.dirname, '../..');

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const run = (script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> =>
  new Promise((resolve) => {
    const base = { PATH: process.env['PATH'], NUBABEL_DATA_DIR: '/nowhere/nubabel', DATABASE_URL: database.appUrl };
    const child = execFile(
      process.execPath,
      [`scripts/${script}.ts`, ...args],
      { cwd: ROOT, env: { ...base, ...env } },
      (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });

describe('npm run token', () => {
  it('makes one more token of a user that is there, who stays one person', async () => {
    const { organizationId, userId } = await createTenant(database.db);
    const { code, out } = await run('token', ['--user-id', userId, '--organization', organizationId]);
    expect(code).toBe(0);
    const { token, ...rest } = JSON.parse(out) as { token: string };
    expect(rest).toMatchObject({ organizationId, userId });
    expect(await findTokenOwner(database, hashToken(token))).toMatchObject({ organizationId, userId });
    const people = await database.look('select id from users where organization_id = $1', [organizationId]);
    expect(people).toHaveLength(1);
  });

  it('takes Slack’s id of a person as well', async () => {
    const { organizationId, userId } = await createTenant(database.db);
    await database.look("update users set slack_team_id = 'T1', slack_user_id = 'U0ADA' where id = $1 returning id", [
      userId,
    ]);
    const { out } = await run('token', ['--user-id', 'U0ADA', '--organization', organizationId]);
    expect(JSON.parse(out)).toMatchObject({ userId });
  });

  it('says of a user who is not there, or is another organization’s, that nothing was made', async () => {
    const { organizationId } = await createTenant(database.db);
    const other = await createTenant(database.db);
    for (const id of [randomUUID(), other.userId, 'U0NOBODY', "' or 1=1"]) {
      const { code, out, err } = await run('token', ['--user-id', id, '--organization', organizationId]);
      expect({ code, out, err }).toEqual({
        code: 2,
        out: '',
        err: `There is no user ${id} in the organization ${organizationId}. No token was made.\n`,
      });
    }
    const unknown = randomUUID();
    const { err } = await run('token', ['--user', 'Ada', '--organization', unknown]);
    expect(err).toBe(`There is no organization ${unknown}. No user and no token was made.\n`);
  });

  it.each([
    [['--help'], 0],
    [['-h'], 0],
    [[], 2],
    [['--bogus'], 2],
    [['--user', 'Ada', '--role', 'king'], 2],
    [['--user-id', randomUUID(), '--role', 'admin'], 2],
    [['--user', 'Ada', '--organization', 'acme'], 2],
  ])('answers %o with how it is used', async (args, code) => {
    const said = await run('token', args);
    expect(said.code).toBe(code);
    expect(said.out + said.err).toContain('npm run token -- --user-id');
    expect(said.err).not.toMatch(/\n +at /);
  });
});

describe('npm run replay', () => {
  it.each([
    [['--help'], 0, /npm run replay --/],
    [[], 1, /npm run replay --/],
    [['nonsense'], 1, /^Temporal at 127\.0\.0\.1:1 does not answer .* name a file\.\n$/],
    [['package.json'], 1, /^package\.json holds no history as Temporal writes it/],
  ])(
    'answers %o in a sentence',
    async (args, code, words) => {
      const said = await run('replay', args, { TEMPORAL_ADDRESS: '127.0.0.1:1' });
      expect(said.code).toBe(code);
      expect(said.out + said.err).toMatch(words);
      expect(said.err).not.toMatch(/\n +at /);
    },
    30_000,
  );

  it('reaches a Temporal that the environment names as it says, also while npm start runs on it', async () => {
    const first = Promise.withResolvers<Buffer>();
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (bytes) => {
        first.resolve(bytes);
        socket.destroy();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const dataDir = scratch();
    const instance = await claimDataDir(dataDir, { print: () => undefined });
    const places = { apiUrl: 'http://a', token: 't', databaseUrl: 'c', temporalNamespace: 'default' };
    writeRunningSystem(dataDir, { ...places, temporalAddress: address });
    const running = run('replay', ['some-run'], {
      NUBABEL_DATA_DIR: dataDir,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_API_KEY: 'key',
    });
    // A TLS handshake; in plain text the key would have gone over the wire, or been left out.
    expect((await first.promise)[0]).toBe(0x16);
    server.close();
    instance.release();
    expect((await running).code).toBe(1);
  }, 30_000);
});

it('every script reads .env, as npm start does', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const name of ['worker', 'db:migrate'])
    expect([name, scripts[name]]).toEqual([name, expect.stringMatching(/node --env-file-if-exists=\.env /)]);
  const files = Object.values(scripts).flatMap((command) => /scripts\/[\w-]+\.ts/.exec(command) ?? []);
  expect(files.length).toBeGreaterThanOrEqual(5);
  for (const file of files)
    expect([file, readFileSync(join(ROOT, file), 'utf8')]).toEqual([
      file,
      expect.stringMatching(/^ *loadEnvFile\(\);$/m),
    ]);
});
