import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { KilledError } from '../models/turn-fixture.ts';
import { openLedger, times, type Ledger } from './ledger.ts';
import { loaded, tool } from './scripted-host.ts';

let database: TestDatabase;
let nubabel: Ledger;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  nubabel = await openLedger(database);
});

describe('a tool that is gone when a worker takes over', () => {
  it('is no proof that the call was not made: a person is asked', async () => {
    const offered = tool({ canReadBack: true });
    await nubabel.want(offered);
    const { world, make, deps, killAt } = nubabel.open(offered);
    killAt('after-effect');
    await expect(make()).rejects.toThrow(KilledError);
    deps.host.load = async () => undefined;
    await expect(make(2)).resolves.toEqual({ status: 'unknown' });
    await expect(make(3)).resolves.toEqual({ status: 'unknown' });
    expect(await nubabel.ledger()).toMatchObject([{ state: 'UNKNOWN', attempts: 1 }]);
    expect((await nubabel.call())?.status).toBe('unknown');
    expect(times(world)).toBe(1);
  });

  it('leaves what was never sent not made', async () => {
    const offered = tool();
    await nubabel.want(offered);
    const { make, deps } = nubabel.open(offered);
    deps.host.before = () => Promise.reject(new KilledError('before anything was sent'));
    await expect(make()).rejects.toThrow(KilledError);
    deps.host.load = async () => undefined;
    await expect(make(2)).resolves.toEqual({ status: 'failed' });
    expect(await nubabel.ledger()).toMatchObject([{ state: 'FAILED' }]);
  });

  it('does not take back an answer that the ledger has', async () => {
    const offered = tool();
    await nubabel.want(offered);
    const { make, deps } = nubabel.open(offered);
    await make();
    await database.look(
      `update tool_calls set status = 'running', result = null where orchestration_id = '${nubabel.orchestrationId}'`,
    );
    deps.host.load = async () => undefined;
    await expect(make(2)).resolves.toEqual({ status: 'done' });
    expect(await nubabel.call()).toMatchObject({ result: { text: 'done: createTask' } });
  });
});

it('a call is never made through another connection that has come to bear its name', async () => {
  const offered = tool({ canReadBack: true });
  await nubabel.want(offered);
  const { world, make, deps, killAt } = nubabel.open(offered);
  killAt('after-effect');
  await expect(make()).rejects.toThrow(KilledError);
  deps.host.load = async () => loaded({ ...offered, connectionId: '44444444-4444-4444-8444-444444444444' });
  deps.host.readBack = async () => 'not_happened';
  await nubabel.patienceIsOver();
  await expect(make(2)).resolves.toEqual({ status: 'unknown' });
  expect(times(world)).toBe(1);
});
