import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createStoreActivities } from '../../../activities/store.ts';
import { listEffects } from '../../../db/queries/effects.ts';
import { closeCalls } from '../../../domain/tools/tool-job.ts';
import { ToolCallError } from '../../../domain/tools/tool-ports.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { attempt } from '../models/turn-fixture.ts';
import { failureOf, openLedger, times, type Ledger } from './ledger.ts';
import { tool } from './scripted-host.ts';

let database: TestDatabase;
let nubabel: Ledger;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  nubabel = await openLedger(database);
});
const open: Ledger['open'] = (...given) => nubabel.open(...given);
const want: Ledger['want'] = (...given) => nubabel.want(...given);
const ledger = () => nubabel.ledger();
const call = (id?: string) => nubabel.call(id);

describe('a human who has looked', () => {
  const store = () =>
    createStoreActivities({ db: database.db, wakeReaders: () => undefined } as unknown as Parameters<
      typeof createStoreActivities
    >[0]);
  const say = (verdict: 'done' | 'retry' | 'open') =>
    store().settleUnknownEffect({
      organizationId: nubabel.organizationId,
      orchestrationId: nubabel.orchestrationId,
      call: 'c1',
      verdict,
    });
  const unknown = async () => {
    const offered = tool();
    await want(offered);
    const nubabel = open(offered);
    nubabel.killAt('after-effect');
    await failureOf(nubabel.make());
    await nubabel.make(2);
    return nubabel;
  };

  it('and says that it happened ends it, and nothing is sent', async () => {
    const { world, make } = await unknown();
    await say('done');
    await expect(make(3)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
    expect(await ledger()).toMatchObject([{ state: 'DONE', settled_by: 'person' }]);
  });

  it('and says that it did not has it sent again', async () => {
    const { world, make } = await unknown();
    await say('retry');
    await expect(make(3)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(2);
  });

  it('and cannot tell leaves it open, and nothing is sent', async () => {
    const { world } = await unknown();
    await say('open');
    expect(times(world)).toBe(1);
    expect(await ledger()).toMatchObject([{ state: 'UNKNOWN' }]);
    expect(await call()).toMatchObject({ status: 'unknown' });
  });
});

describe('a call that is closed', () => {
  const close = (as: 'cancelled' | 'failed') => {
    const { organizationId, orchestrationId } = nubabel;
    return closeCalls({ db: database.db }, { organizationId, orchestrationId, calls: ['c1'], as });
  };

  it.each(['cancelled', 'failed'] as const)('as %s after it was sent is unknown, not undone', async (as) => {
    const offered = tool();
    await want(offered);
    const { world, make, killAt } = open(offered);
    killAt('after-effect');
    await failureOf(make());
    expect(await close(as)).toEqual({ unknown: ['c1'] });
    expect(await ledger()).toMatchObject([{ state: 'UNKNOWN' }]);
    const row = await call();
    expect(row).toMatchObject({ status: 'unknown' });
    // Whoever fails is asked about it still; the work that was cancelled ends.
    expect(row?.finished_at !== null).toBe(as === 'cancelled');
    expect(times(world)).toBe(1);
  });

  it('before it was sent is what it is closed as', async () => {
    await want(tool());
    expect(await close('cancelled')).toEqual({ unknown: [] });
    expect(await call()).toMatchObject({ status: 'cancelled' });
    expect(await ledger()).toEqual([]);
  });
});

describe('a read', () => {
  const read = () => tool({ name: 'notion__getTasks', remoteName: 'getTasks', risk: 'read', canUndo: false });

  it('leaves no line in the ledger, and taints the step with what it says', async () => {
    const offered = read();
    await want(offered);
    await expect(open(offered).make()).resolves.toEqual({ status: 'done' });
    expect(await ledger()).toEqual([]);
    const [step] = await database.look<{ tainted: boolean }>(
      `select tainted from steps where orchestration_id = '${nubabel.orchestrationId}'`,
    );
    expect(step).toEqual({ tainted: true });
  });

  it('that the provider has no time for is tried again when it says, and then told to the agent', async () => {
    const offered = read();
    await want(offered);
    const limited = () => new ToolCallError('rate_limited', 'Too many requests.', { retryAfterMs: 7_000 });
    const { make } = open(offered, limited(), limited());
    expect(await failureOf(make(1))).toMatchObject({ nextRetryDelay: 7_000 });
    await expect(make(4)).resolves.toEqual({ status: 'failed' });
    expect(await call()).toMatchObject({ result: { text: 'Too many requests.', isError: true } });
  });

  it('through a grant that is over waits for somebody to renew it', async () => {
    const offered = read();
    await want(offered);
    const { make } = open(offered, new ToolCallError('reconnect', 'Notion wants to be connected again.'));
    await expect(make()).resolves.toEqual({ status: 'reconnect' });
    expect(await call()).toMatchObject({ status: 'waiting' });
    await expect(make(2)).resolves.toEqual({ status: 'done' });
  });

  it('of a tool that is gone is told to the agent', async () => {
    await want(read());
    await expect(open(tool()).make()).resolves.toEqual({ status: 'failed' });
  });
});

describe('an undo', () => {
  it('takes a change back once, to what there was before', async () => {
    const offered = tool();
    await want(offered);
    const { world, make, activities } = open(offered);
    await make();
    const [effect] = await nubabel.inside((trx) => listEffects(trx, nubabel.orchestrationId));
    const { organizationId, orchestrationId } = nubabel;
    const undo = (nth: number) =>
      attempt(nth, () => activities.undoEffect({ organizationId, orchestrationId, key: effect?.key ?? '' }));
    await expect(undo(1)).resolves.toEqual({ undone: true });
    await expect(undo(2)).resolves.toEqual({ undone: true });
    expect(world.undone).toEqual(['createTask back to before']);
  });
});

describe('what can be taken back', () => {
  it('is listed with the queue of the pool that its tool works in', async () => {
    const offered = tool({ name: 'salesforce__updateRecord', provider: 'salesforce' });
    await want(offered);
    const { deps, make } = open(offered);
    await make();
    const store = createStoreActivities(deps as unknown as Parameters<typeof createStoreActivities>[0]);
    const { organizationId, orchestrationId, tenant } = nubabel;
    const list = (by: string) => store.listUndoableEffects({ organizationId, orchestrationId, userId: by });
    await expect(list(tenant.userId)).resolves.toEqual({ effects: [{ key: expect.any(String), queue: 'salesforce' }] });
    // Whoever reaches Temporal can say anything.
    for (const nobody of ['', 'admin', '00000000-0000-4000-8000-0000000000ff'])
      await expect(list(nobody)).resolves.toEqual({ effects: [] });
  });
});
