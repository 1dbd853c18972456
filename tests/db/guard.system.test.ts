import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assertTenancyHolds, UnsafeDatabaseError } from '../../db/checks.ts';
import { openDatabase } from '../../db/database.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase(2);
});
afterAll(() => database?.drop());

async function verdictOn(url: string): Promise<string> {
  const { db, close } = openDatabase(url, 1);
  try {
    await assertTenancyHolds(db);
    return 'safe';
  } catch (error) {
    if (!(error instanceof UnsafeDatabaseError)) throw error;
    return error.message;
  } finally {
    await close();
  }
}

/** A role of its own for one test; `grants` run as the superuser. */
async function asRole(grants: (role: string) => string[], work: (url: string) => Promise<void>): Promise<void> {
  const role = `guard_${randomUUID().replaceAll('-', '')}`;
  await database.look(`create role ${role} login password 'guard'`);
  try {
    for (const statement of grants(role)) await database.look(statement);
    const url = new URL(database.adminUrl);
    url.username = role;
    url.password = 'guard';
    await work(url.toString());
  } finally {
    await database.look(`reassign owned by ${role} to postgres`);
    await database.look(`drop owned by ${role}`);
    await database.look(`drop role ${role}`);
  }
}

describe('a connection on which tenancy would be off', () => {
  it('is the superuser’s and the owner’s', async () => {
    const verdict = await verdictOn(database.adminUrl);
    expect(verdict).toContain('is a superuser');
    expect(verdict).toContain('owns, or may act as the owner of');
    expect(verdict).toContain('node db/main.ts migrate');
  });

  it('is not the application’s', async () => {
    await expect(verdictOn(database.appUrl)).resolves.toBe('safe');
  });

  it('is one of a role that may bypass row-level security', () =>
    asRole(
      (role) => [`alter role ${role} bypassrls`],
      async (url) => expect(await verdictOn(url)).toContain('may bypass row-level security'),
    ));

  it('is one of a role that may become the owner of a table', () =>
    asRole(
      (role) => [
        `create role ${role}_owner`,
        `create table t_${role} (id int)`,
        `alter table t_${role} owner to ${role}_owner`,
        `grant ${role}_owner to ${role}`,
      ],
      async (url) => {
        expect(await verdictOn(url)).toContain('owns, or may act as the owner of, 1 table');
        const role = new URL(url).username;
        await database.look(`drop table t_${role}`);
        await database.look(`drop role ${role}_owner`);
      },
    ));

  it('is one to a database with a table that has no forced row-level security', async () => {
    await database.look('create table forgotten (organization_id uuid)');
    try {
      expect(await verdictOn(database.appUrl)).toContain('table forgotten has no forced row-level security');
      await database.look('alter table forgotten enable row level security');
      expect(await verdictOn(database.appUrl)).toContain('table forgotten has no forced row-level security');
      await database.look('alter table forgotten force row level security');
      expect(await verdictOn(database.appUrl)).toBe('safe');
    } finally {
      await database.look('drop table forgotten');
    }
  });
});

describe.each(['workers/main.ts', 'api/main.ts'])('node %s', (main) => {
  it('does not start as the owner, and says why', async () => {
    const { code, stderr } = await run(main, database.adminUrl);
    expect(code).toBe(1);
    expect(stderr).toContain('This database connection is not safe for many organizations');
    expect(stderr).toContain('is a superuser');
  });

  it('does not start without its configuration, and says what is missing', async () => {
    const { code, stderr } = await run(main, '');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The configuration has 1 problem\(s\):\n {2}DATABASE_URL: .+\n$/);
  });
});

function run(main: string, databaseUrl: string): Promise<{ code: unknown; stderr: string }> {
  const env = { PATH: process.env['PATH'], DATABASE_URL: databaseUrl, PORT: '0', TEMPORAL_ADDRESS: '127.0.0.1:1' };
  return new Promise((resolve) => {
    execFile(process.execPath, [main], { env, timeout: 30_000 }, (error, _stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stderr }),
    );
  });
}
