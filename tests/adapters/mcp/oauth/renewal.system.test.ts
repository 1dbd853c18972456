import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeIdentity, type FakeIdentity } from '../../../fakes/identity/index.ts';
import { createCredentials } from '../../../../adapters/mcp/host/oauth/create-credentials.ts';
import type { AuthState } from '../../../../domain/connections/grant-state.ts';
import { createSealer } from '../../../../db/sealing.ts';
import type { ConnectionRef } from '../../../../domain/tools/tool-ports.ts';
import { openTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { eventually } from '../../../support/eventually.ts';
import type { CallerInput } from './caller-main.ts';
import { egress, newKey, openDueNubabel, rowOf, statusOf, storeOf } from './nubabel.ts';

/** T37: a rotating grant has one refresher, in however many processes. */
let database: TestDatabase;
let identity: FakeIdentity;
const children: ChildProcess[] = [];
beforeAll(async () => {
  database = await openTestDatabase(20);
});
afterAll(() => database?.drop());
beforeEach(async () => {
  identity = await createFakeIdentity();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await identity.close();
});

const key = newKey('k1');
const refreshes = () =>
  identity.lines.filter(({ what, grant }) => what === 'token' && grant === 'refresh_token').length;

const leaseOf = (on: ConnectionRef) =>
  database.look('select renewal_holder, renewal_until from connections where id = $1', [on.connectionId]);

async function openCaller(given: Omit<CallerInput, 'databaseUrl' | 'key' | 'url'>): Promise<ChildProcess> {
  const input: CallerInput = {
    databaseUrl: database.appUrl,
    key: { id: key.id, base64: key.key.toString('base64') },
    url: identity.resourceUrl,
    ...given,
  };
  const child = fork(join(import.meta.dirname, 'caller-main.ts'), [JSON.stringify(input)], { execArgv: [] });
  children.push(child);
  await once(child, 'message');
  return child;
}

const callOf = (on: ConnectionRef, fetch: typeof globalThis.fetch) =>
  createCredentials({ store: storeOf(database, createSealer([key])), fetch: egress }).fetchFor(
    on,
    { url: identity.resourceUrl },
    fetch,
  );

const answersOf = async (child: ChildProcess): Promise<string[]> => ((await once(child, 'message')) as [string[]])[0];

describe('a grant that rotates', () => {
  it('is renewed once for 50 calls in two processes, and every call is served', async () => {
    const { on } = await openDueNubabel(database, identity, key);
    identity.settings.tokenDelayMs = 200;
    const callers = await Promise.all([openCaller({ on, calls: 25 }), openCaller({ on, calls: 25 })]);
    const answers = Promise.all(callers.map(answersOf));
    for (const caller of callers) caller.send('go');
    expect((await answers).flat()).toEqual(Array.from({ length: 50 }, () => '200'));
    expect(refreshes()).toBe(1);
    expect(identity.count('reuse')).toBe(0);
    expect(await rowOf(database, on)).toMatchObject({ auth_version: 1, health: 'unknown' });
  });

  describe('for tokens that have ended before they are looked at', () => {
    it('is renewed until one lives long enough, and nobody is asked to connect again', async () => {
      const { on } = await openDueNubabel(database, identity, key);
      identity.settings.tokenSeconds = 0.001;
      const answers: number[] = [];
      const call = callOf(on, async (input, init) => {
        const response = await egress(input, init);
        answers.push(response.status);
        if (answers.length === 2) identity.settings.tokenSeconds = 60;
        return response;
      });
      expect(await statusOf(call(identity.resourceUrl, { method: 'POST' }))).toBe(200);
      expect(answers).toEqual([401, 401, 200]);
      expect(await rowOf(database, on)).not.toMatchObject({ health: 'reconnect' });
    });

    it('ends in "try again later" when none does', async () => {
      const { on } = await openDueNubabel(database, identity, key);
      identity.settings.tokenSeconds = 0.001;
      const failed = await callOf(on, egress)(identity.resourceUrl, { method: 'POST' }).catch(
        (error: unknown) => error,
      );
      expect(failed).toMatchObject({ kind: 'unavailable' });
      expect(await rowOf(database, on)).not.toMatchObject({ health: 'reconnect' });
    });
  });

  it('holds no transaction, and no row, while the server takes its time', async () => {
    const { on, sealer } = await openDueNubabel(database, identity, key);
    const { resolve: answer, promise: answered } = Promise.withResolvers<void>();
    let isAsked = false;
    identity.settings.beforeToken = async () => {
      isAsked = true;
      await answered;
      return 'go on';
    };
    const credentials = createCredentials({ store: storeOf(database, sealer), fetch: egress });
    const renewing = credentials.tokenFor(on, await rowOf(database, on));
    await eventually('the server to be asked', () => isAsked);
    const open = await database.look(
      `select query from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
    );
    const locked = await database.look('select id from connections where id = $1 for update nowait', [on.connectionId]);
    answer();
    await renewing;
    expect(open).toEqual([]);
    expect(locked).toHaveLength(1);
    expect(await rowOf(database, on)).toMatchObject({ auth_version: 1 });
    expect(await leaseOf(on)).toEqual([{ renewal_holder: null, renewal_until: null }]);
  });

  it('does not put its tokens over credentials that were given meanwhile', async () => {
    const { on, sealer } = await openDueNubabel(database, identity, key);
    const fresh: AuthState = { tokens: { accessToken: 'at_of_the_person' } };
    identity.settings.beforeToken = async () => {
      await storeOf(database, sealer).change(on, () => ({ state: fresh }));
      return 'go on';
    };
    const credentials = createCredentials({ store: storeOf(database, sealer), fetch: egress });
    const token = await credentials.tokenFor(on, await rowOf(database, on));
    expect(token).toEqual({ token: 'at_of_the_person' });
    expect((await storeOf(database, sealer).read(on)).state).toEqual(fresh);
  });

  it('goes on when its refresher is killed before the server has rotated', async () => {
    const { on, sealer } = await openDueNubabel(database, identity, key);
    const holder = await openCaller({ on, calls: 1 });
    let isAsked = false;
    // The server is slow to take the request up: nothing has been rotated when the holder dies.
    identity.settings.beforeToken = async () => {
      isAsked = true;
      identity.settings.beforeToken = undefined;
      holder.kill('SIGKILL');
      await once(holder, 'exit');
      return 'ignore';
    };
    holder.send('go');
    await eventually('the refresher to be asked for', () => isAsked);
    const credentials = createCredentials({ store: storeOf(database, sealer), fetch: egress });
    const call = credentials.fetchFor(on, { url: identity.resourceUrl }, egress);
    expect(await statusOf(call(identity.resourceUrl, { method: 'POST' }))).toBe(200);
    expect(identity.count('reuse')).toBe(0);
    expect(await rowOf(database, on)).toMatchObject({ auth_version: 1, health: 'unknown' });
  });

  it('ends in "reconnect", clearly, when its refresher is killed after the server has rotated', async () => {
    const { on, sealer } = await openDueNubabel(database, identity, key);
    identity.settings.tokenDelayMs = 3_000;
    const holder = await openCaller({ on, calls: 1 });
    const exited = once(holder, 'exit');
    holder.send('go');
    await eventually('the rotation', () => refreshes() === 1);
    holder.kill('SIGKILL');
    await exited;
    identity.settings.tokenDelayMs = 0;
    const before = await rowOf(database, on);
    const credentials = createCredentials({ store: storeOf(database, sealer), fetch: egress });
    await expect(credentials.tokenFor(on, await rowOf(database, on))).rejects.toMatchObject({
      name: 'ToolCallError',
      kind: 'reconnect',
    });
    await expect(credentials.tokenFor(on, await rowOf(database, on))).rejects.toMatchObject({ kind: 'reconnect' });
    expect(refreshes()).toBe(2);
    const after = await rowOf(database, on);
    expect(after).toMatchObject({
      health: 'reconnect',
      last_error: expect.stringMatching(/grant it again/) as unknown,
    });
    expect(before.auth_state).not.toBeNull();
    const { state } = await storeOf(database, sealer).read(on);
    expect(state.tokens?.refreshToken).toBeDefined();
    const told = await database.look('select action from audit where subject = $1', [on.connectionId]);
    expect(told).toEqual([{ action: 'connection.refresh_failed' }]);
  });
});
