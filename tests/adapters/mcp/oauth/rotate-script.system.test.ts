import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSealer, type SealingKey } from '../../../../db/sealing.ts';
import { createTenant } from '../../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { connect, newKey, rowOf, storeOf } from './nubabel.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());

const ROOT = join(import.meta.dirname, '../../../..');

const rotate = (keys: readonly SealingKey[]): Promise<{ code: number; said: string }> =>
  new Promise((resolve) => {
    const env = {
      PATH: process.env['PATH'],
      DATABASE_URL: database.appUrl,
      CREDENTIAL_KEYS: keys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(','),
    };
    const child = execFile(process.execPath, ['scripts/rotate-credentials.ts'], { cwd: ROOT, env }, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, said: `${out}${err}` }),
    );
  });

describe('npm run credentials:rotate', () => {
  it('says what it has done, may be repeated, and names what no key opens', async () => {
    const [old, fresh, lost] = [newKey('old'), newKey('new'), newKey('lost')];
    const tenant = await createTenant(database.db);
    const auth = { kind: 'api_key', apiKey: 'key-canary' } as const;
    const on = await connect(database, createSealer([old]), tenant, { url: 'https://mcp.test/mcp', auth });
    const first = await rotate([fresh, old]);
    expect(first).toEqual({
      code: 0,
      said: expect.stringMatching(/^1 sealed again with new, 0 were already, 0 could not/m) as unknown,
    });
    expect(await rotate([fresh, old])).toEqual({
      code: 0,
      said: expect.stringMatching(/^0 sealed again with new, 1 were already/m) as unknown,
    });
    expect((await storeOf(database, createSealer([fresh])).read(on)).auth).toEqual(auth);
    const strange = await connect(database, createSealer([lost]), tenant, { url: 'https://mcp.test/mcp', auth });
    const third = await rotate([fresh]);
    expect(third).toMatchObject({ code: 3 });
    expect(third.said).toContain(`connections.credentials ${strange.connectionId}`);
    expect((await rowOf(database, strange)).credentials).toMatch(/^v1\.lost\./);
    expect(first.said + third.said).not.toContain('canary');
  });

  it('refuses without keys, in words', async () => {
    expect(await rotate([])).toEqual({
      code: 2,
      said: expect.stringMatching(/^There are no keys: set CREDENTIAL_KEYS/) as unknown,
    });
  });
});
