import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { isPassing, openDatabase, type OpenDatabase } from '../../db/database.ts';
import {
  inOneTrip,
  notAwaited,
  withLockedOrchestration,
  withOrganization,
  type OrganizationTransaction,
} from '../../db/organization.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createOrchestration, createTenant, type Tenant } from './world.ts';

/** One connection, so that whatever is left on it meets the next organization. */
let database: TestDatabase;
let single: OpenDatabase;
let mine: Tenant;
let theirs: Tenant;
beforeAll(async () => {
  database = await openTestDatabase(4);
  mine = await createTenant(database.db, 'Mine');
  theirs = await createTenant(database.db, 'Theirs');
});
beforeEach(async () => {
  await single?.close();
  single = openDatabase(database.appUrl, 1);
});
afterAll(async () => {
  await single?.close();
  await database?.drop();
});

const as = <T>({ organizationId }: Tenant, work: (trx: OrganizationTransaction) => Promise<T>) =>
  withOrganization(single.db, organizationId, work);
const namesIn = (trx: OrganizationTransaction) => trx.selectFrom('organizations').select('name').execute();
const rename = (trx: OrganizationTransaction, name: string) => trx.updateTable('organizations').set({ name }).execute();

describe('statements that are not waited for', () => {
  it('run in the order in which they were made', async () => {
    const [renamed, seen, again] = await as(mine, (trx) =>
      Promise.all([rename(trx, 'Ours'), namesIn(trx), rename(trx, 'Mine').then(() => namesIn(trx))]),
    );
    expect([renamed, seen, again]).toMatchObject([[{ numUpdatedRows: 1n }], [{ name: 'Ours' }], [{ name: 'Mine' }]]);
  });

  it('are all undone with the transaction that has failed, which says why', async () => {
    const failed = as(mine, async (trx) => {
      notAwaited(trx, rename(trx, 'half'));
      notAwaited(trx, sql`select 1 / 0`.execute(trx));
      notAwaited(trx, rename(trx, 'more than half'));
      await namesIn(trx);
    });
    await expect(failed).rejects.toThrow('division by zero');
    const unseen = as(mine, (trx) => {
      notAwaited(trx, sql`select 1 / 0`.execute(trx));
      return Promise.resolve('done');
    });
    await expect(unseen).rejects.toThrow('division by zero');
    expect(await as(mine, namesIn)).toEqual([{ name: 'Mine' }]);
    expect(await as(theirs, namesIn)).toEqual([{ name: 'Theirs' }]);
  });

  it('leave what else goes wrong as it is', async () => {
    const failed = as(mine, async (trx) => {
      notAwaited(trx, rename(trx, 'half'));
      await namesIn(trx);
      throw new Error('no room');
    });
    await expect(failed).rejects.toThrow('no room');
    expect(await as(mine, namesIn)).toEqual([{ name: 'Mine' }]);
  });

  it('fail as the lock does that they come after', async () => {
    const orchestrationId = await createOrchestration(database.db, mine);
    const target = { ...mine, orchestrationId };
    const held = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const other = withLockedOrchestration(database.db, target, async (trx) => {
      await namesIn(trx);
      locked.resolve();
      await held.promise;
    });
    await locked.promise;
    const waits = withLockedOrchestration(single.db, target, (trx) => rename(trx, 'too soon'));
    await expect(waits).rejects.toMatchObject({ code: '55P03' });
    held.resolve();
    await other;
    expect(await as(mine, namesIn)).toEqual([{ name: 'Mine' }]);
  });

  it('are a whole transaction where there is only one', async () => {
    const once = <T>(work: (trx: OrganizationTransaction) => Promise<T>) =>
      inOneTrip(single.db, mine.organizationId, work);
    expect(await once(namesIn)).toEqual([{ name: 'Mine' }]);
    await once((trx) => rename(trx, 'Ours'));
    await expect(once((trx) => sql`select 1 / 0`.execute(trx))).rejects.toThrow('division by zero');
    const two = once(async (trx) => {
      await rename(trx, 'half');
      await rename(trx, 'whole');
    });
    await expect(two).rejects.toThrow('The transaction is over');
    expect(await once(namesIn)).toEqual([{ name: 'half' }]);
    await once((trx) => rename(trx, 'Mine'));
  });
});

describe('a transaction that somebody kept', () => {
  it('runs no query after its end, whatever ran on the connection since', async () => {
    const kept = await as(mine, (trx) => Promise.resolve(trx));
    await expect(namesIn(kept)).rejects.toThrow('The transaction is over');
    await as(theirs, async (trx) => {
      await expect(namesIn(kept)).rejects.toThrow('The transaction is over');
      expect(await namesIn(trx)).toEqual([{ name: 'Theirs' }]);
    });
  });

  it('runs none after an error either, also of those that went on beside it', async () => {
    const beside = Promise.withResolvers<void>();
    let late: Promise<unknown> = Promise.resolve();
    const failed = as(mine, async (trx) => {
      late = beside.promise.then(() => rename(trx, 'written by the wrong one'));
      late.catch(() => undefined);
      await sql`select 1 / 0`.execute(trx);
    });
    await expect(failed).rejects.toThrow('division by zero');
    const inTheirs = as(theirs, async (trx) => {
      beside.resolve();
      await expect(late).rejects.toThrow('The transaction is over');
      return namesIn(trx);
    });
    expect(await inTheirs).toEqual([{ name: 'Theirs' }]);
  });

  it('runs none that was compiled while it was open', async () => {
    const late = await as(mine, (trx) => {
      const query = trx.updateTable('organizations').set({ name: 'wrong' }).compile();
      return Promise.resolve(() => trx.executeQuery(query));
    });
    await as(theirs, async (trx) => {
      await expect(late()).rejects.toThrow('was given back');
      expect(await namesIn(trx)).toEqual([{ name: 'Theirs' }]);
    });
  });
});

describe('a transaction in which a statement failed', () => {
  it('is an error even when nobody looked at the statement’s', async () => {
    const silent = as(mine, async (trx) => {
      await rename(trx, 'Renamed');
      await sql`select 1 / 0`.execute(trx).catch(() => undefined);
    });
    await expect(silent).rejects.toThrow('Nothing was written');
    expect(await as(mine, namesIn)).toEqual([{ name: 'Mine' }]);
  });

  it('leaves the connection to nobody in the middle of itself', async () => {
    // Whoever ends the transaction below us leaves the rest without one.
    await as(mine, async (trx) => {
      await sql.raw('commit; begin').execute(trx.withoutPlugins());
    });
    await single.db.connection().execute(async (db) => {
      await sql.raw(`begin; select set_config('nubabel.organization_id', '${mine.organizationId}', true)`).execute(db);
    });
    await expect(sql`select name from organizations`.execute(single.db)).rejects.toThrow('no organization is set');
    expect(await as(theirs, namesIn)).toEqual([{ name: 'Theirs' }]);
  });
});

describe('a lock that somebody else holds', () => {
  it('is waited for no longer than a few seconds, and that is worth trying again', async () => {
    const id = await createOrchestration(database.db, mine);
    const [held, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const lock = (trx: OrganizationTransaction) =>
      trx.selectFrom('orchestrations').select('id').where('id', '=', id).forUpdate().execute();
    const holder = withOrganization(database.db, mine.organizationId, async (trx) => {
      await lock(trx);
      held.resolve();
      await goOn.promise;
    });
    await held.promise;
    const began = Date.now();
    const error: unknown = await as(mine, lock).catch((thrown: unknown) => thrown);
    goOn.resolve();
    await holder;
    expect(error).toMatchObject({ code: '55P03' });
    expect(isPassing(error)).toBe(true);
    expect(Date.now() - began).toBeLessThan(8_000);
  });
});

describe('an empty list', () => {
  it('has nothing in it and everything outside of it', async () => {
    const none: string[] = [];
    const found = await as(mine, async (trx) => [
      await trx.selectFrom('organizations').select('id').where('id', 'in', none).execute(),
      await trx.selectFrom('organizations').select('id').where('id', 'not in', none).execute(),
    ]);
    expect(found).toEqual([[], [{ id: mine.organizationId }]]);
  });
});

describe('the application’s own role', () => {
  const refused = (statement: string) =>
    expect(as(mine, (trx) => sql.raw(statement).execute(trx))).rejects.toThrow(/permission denied/);

  it('changes and removes nothing of the audit, and deletes no evidence', async () => {
    await refused(`update audit set outcome = 'done'`);
    for (const table of ['audit', 'events', 'effects', 'approvals', 'model_turns', 'budget_windows', 'event_counters'])
      await refused(`delete from ${table}`);
    await refused(`update events set type = 'connected'`);
    await refused('truncate audit');
  });

  it('deletes no organization and no person', async () => {
    await refused('delete from organizations');
    await refused('delete from users');
  });

  it('deletes no shared key account', async () => {
    const shared = '00000000-0000-0000-0000-000000000000';
    await as(mine, (trx) =>
      sql`insert into model_key_accounts (organization_id, id) values (${shared}, 'env-1') on conflict do nothing`.execute(
        trx,
      ),
    );
    await as(mine, (trx) => sql`delete from model_key_accounts`.execute(trx));
    expect(await database.look(`select id from model_key_accounts where organization_id = '${shared}'`)).toEqual([
      { id: 'env-1' },
    ]);
  });
});
