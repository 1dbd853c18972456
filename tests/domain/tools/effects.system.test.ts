import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CancelledError, FailureError } from '../../../contracts/failures.ts';
import type { ToolCall } from '../../../db/queries/tool-calls.ts';
import { toModelAnswer } from '../../../domain/tools/results.ts';
import { ToolCallError } from '../../../domain/tools/tool-ports.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { KilledError } from '../models/turn-fixture.ts';
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
const never = (): never => {
  throw new Error('There is no such call.');
};
const call = (id?: string) => nubabel.call(id);
const patienceIsOver = () => nubabel.patienceIsOver();

describe('a change', () => {
  it('happens once and is written down with its answer, before and after', async () => {
    const offered = tool();
    await want(offered);
    const { world, make } = open(offered);
    await expect(make()).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
    expect(await ledger()).toEqual([{ state: 'DONE', settled_by: 'response', attempts: 1 }]);
    expect(await call()).toMatchObject({ status: 'done', result: { text: 'done: createTask' } });
  });

  it('is made once for one call of one turn, and again for a later turn and for the same call beside it', async () => {
    const offered = tool();
    const turn = (turn_key: string, position: number) => ({ id: `${turn_key}/${position}`, turn_key, position });
    await want(offered, turn('agent:ops', 0));
    await want(offered, turn('agent:ops', 1));
    await want(offered, turn('agent:ops~2', 0));
    const { world, make } = open(offered);
    for (const id of ['agent:ops/0', 'agent:ops/0', 'agent:ops/1', 'agent:ops/1', 'agent:ops~2/0', 'agent:ops~2/0'])
      await expect(make(1, id)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(3);
    expect(new Set(world.happened.map(({ key }) => key)).size).toBe(3);
  });

  it('that only reads, of a server that does not say so, is asked again in a later turn', async () => {
    let count = 0;
    const select = tool({ name: 'db__query', remoteName: 'query', canUndo: false });
    const rows = async () => ({ text: `count: ${count++}`, isError: false });
    await want(select, { id: 't1/0', turn_key: 't1' }, { sql: 'select count(*) from t' });
    await want(select, { id: 't3/0', turn_key: 't3' }, { sql: 'select count(*) from t' });
    const { make } = open(select, rows, rows);
    await make(1, 't1/0');
    await make(1, 't3/0');
    expect([(await call('t1/0'))?.result?.text, (await call('t3/0'))?.result?.text]).toEqual(['count: 0', 'count: 1']);
  });

  it('is another one with other arguments', async () => {
    const offered = tool();
    await want(offered);
    await want(offered, { id: 'c2' }, { title: 'Ship more' });
    const { world, make } = open(offered);
    await make();
    await make(1, 'c2');
    expect(times(world)).toBe(2);
  });

  it('that a provider refused may be tried again, and is one effect in the end', async () => {
    const offered = tool();
    await want(offered);
    await want(offered, { id: 'c2' });
    const { world, make } = open(offered, new ToolCallError('refused', 'There is no such database.'));
    await expect(make()).resolves.toEqual({ status: 'failed' });
    expect(await call()).toMatchObject({
      status: 'failed',
      result: { text: 'There is no such database.', isError: true },
    });
    expect(await ledger()).toEqual([{ state: 'FAILED', settled_by: null, attempts: 1 }]);
    await expect(make(1, 'c2')).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
    expect(await ledger()).toEqual([{ state: 'DONE', settled_by: 'response', attempts: 2 }]);
  });

  it('is never made without the approval it needs, whoever asks', async () => {
    const offered = tool();
    await want(offered, { reasons: JSON.stringify(['risk']) as unknown as ToolCall['reasons'] });
    const { world, make } = open(offered);
    await expect(make()).rejects.toThrow('was not approved');
    expect(times(world)).toBe(0);
    expect(await ledger()).toEqual([]);
  });

  it('is not made for a job that is over', async () => {
    const offered = tool();
    await want(offered);
    await database.look(`update orchestrations set status = 'cancelled' where id = '${nubabel.orchestrationId}'`);
    const { world, make } = open(offered);
    expect(await failureOf(make())).toMatchObject({ type: 'AlreadyOver', nonRetryable: true });
    expect(times(world)).toBe(0);
  });
});

describe('a worker that dies', () => {
  it('before it has sent anything leaves a claim that the next one takes over', async () => {
    const offered = tool({ canReadBack: true });
    await want(offered);
    const { world, make, deps } = open(offered);
    const { before } = deps.host;
    let died = false;
    deps.host.before = async (...given) => {
      if (died) return before(...given);
      died = true;
      throw new KilledError('before');
    };
    await expect(make()).rejects.toThrow(KilledError);
    expect(await ledger()).toEqual([{ state: 'PENDING', settled_by: null, attempts: 1 }]);
    await expect(make(2)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
  });

  it('after the provider’s answer makes no second effect: it is read back', async () => {
    const offered = tool({ canReadBack: true });
    await want(offered);
    const { world, make, killAt } = open(offered);
    killAt('after-effect');
    await expect(make()).rejects.toThrow(KilledError);
    await expect(make(2)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
    expect(await ledger()).toEqual([{ state: 'DONE', settled_by: 'read_back', attempts: 1 }]);
    expect(await call()).toMatchObject({ result: { text: 'found: createTask' } });
  });

  it('with the answer in the ledger makes no second effect and asks nobody', async () => {
    const offered = tool();
    await want(offered);
    const { world, make, killAt } = open(offered);
    killAt('after-effect-stored');
    await expect(make()).rejects.toThrow(KilledError);
    await expect(make(2)).resolves.toEqual({ status: 'done' });
    expect([times(world), world.readBacks]).toEqual([1, 0]);
  });

  it('just before the call is not believed to have done nothing as long as it could still be at it', async () => {
    const offered = tool({ canReadBack: true });
    await want(offered);
    const { world, make, killAt } = open(offered);
    killAt('before-effect');
    await expect(make()).rejects.toThrow(KilledError);
    const early = await failureOf(make(2));
    expect(early).toMatchObject({ type: 'ToolUnavailable' });
    expect(early).toBeInstanceOf(FailureError);
    expect(times(world)).toBe(0);
    await patienceIsOver();
    await expect(make(3)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
    expect(await ledger()).toEqual([{ state: 'DONE', settled_by: 'response', attempts: 2 }]);
  });

  it('in a call that nobody can read back leaves an unknown, and nothing is sent again', async () => {
    const offered = tool();
    await want(offered);
    const { world, make, killAt } = open(offered);
    killAt('after-effect');
    await expect(make()).rejects.toThrow(KilledError);
    await expect(make(2)).resolves.toEqual({ status: 'unknown' });
    await expect(make(3)).resolves.toEqual({ status: 'unknown' });
    expect(times(world)).toBe(1);
    expect(await ledger()).toEqual([{ state: 'UNKNOWN', settled_by: null, attempts: 1 }]);
  });

  it('in a call under a key of ours is sent again under the same key, which is one effect', async () => {
    const offered = tool({ takesEffectKey: true });
    await want(offered);
    const { world, make, killAt } = open(offered);
    killAt('after-effect');
    await expect(make()).rejects.toThrow(KilledError);
    await expect(make(2)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
  });

  it('and comes back to life sends nothing once another one holds the claim', async () => {
    const offered = tool();
    await want(offered);
    const { world, make, deps } = open(offered);
    const { before } = deps.host;
    let wakeUp = () => {};
    let asleep = () => {};
    const sleeping = new Promise<void>((resolve) => (asleep = resolve));
    const held = new Promise<void>((resolve) => (wakeUp = resolve));
    let first = true;
    deps.host.before = async (...given) => {
      if (!first) return before(...given);
      first = false;
      asleep();
      await held;
      return before(...given);
    };
    const zombie = failureOf(make(1));
    await sleeping;
    await expect(make(2)).resolves.toEqual({ status: 'done' });
    wakeUp();
    expect(await zombie).toMatchObject({ type: 'ToolCallGone' });
    expect(times(world)).toBe(1);
  });
});

describe('an answer that is lost', () => {
  it('is read back at once', async () => {
    const offered = tool({ canReadBack: true });
    await want(offered);
    const { world, make } = open(offered, 'lost');
    await expect(make()).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
  });

  it('of something that did not happen is waited for before it is sent again', async () => {
    const offered = tool({ canReadBack: true });
    await want(offered);
    const { world, make } = open(offered, 'never');
    expect(await failureOf(make())).toMatchObject({ type: 'ToolUnavailable' });
    await patienceIsOver();
    await expect(make(2)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
  });

  it('of a call that was cancelled midway is looked for once more, and is otherwise unknown', async () => {
    const offered = tool();
    await want(offered);
    const { make, world } = open(offered, async (_options, happen) => {
      happen();
      throw new ToolCallError('cancelled', 'The work was cancelled.');
    });
    expect(await failureOf(make())).toBeInstanceOf(CancelledError);
    expect(times(world)).toBe(1);
    expect(await ledger()).toMatchObject([{ state: 'UNKNOWN' }]);
  });

  it('of an untrusted server that answers with an error is not known, and never made again unasked', async () => {
    const offered = tool({ untrusted: true, canUndo: false });
    await want(offered);
    const { world, make } = open(offered, async (_options, happen) => {
      happen();
      return { text: 'Error: request timed out', isError: true };
    });
    await expect(make()).resolves.toEqual({ status: 'unknown' });
    await expect(make(2)).resolves.toEqual({ status: 'unknown' });
    expect(times(world)).toBe(1);
    expect(await ledger()).toMatchObject([{ state: 'UNKNOWN' }]);
    const detail = `select detail from effects where orchestration_id = '${nubabel.orchestrationId}'`;
    expect(await database.look(detail)).toEqual([{ detail: expect.stringContaining('request timed out') }]);
    expect(toModelAnswer((await call()) ?? never()).text).toMatch(
      /couldn’t confirm.*It said:\nError: request timed out/s,
    );
  });

  it('of a trusted server that answers with an error did not happen', async () => {
    const offered = tool({ untrusted: false });
    await want(offered);
    const { make } = open(offered, 'says-no');
    await expect(make()).resolves.toEqual({ status: 'failed' });
    expect(await ledger()).toMatchObject([{ state: 'FAILED' }]);
  });

  it('that was stopped before anything was sent is made by the next try, and nothing is answered meanwhile', async () => {
    const offered = tool();
    await want(offered);
    const { world, make } = open(offered);
    const stopped = async () => {
      throw new ToolCallError('cancelled', 'Wiki: stopped before anything was sent.');
    };
    const starving = open(offered);
    starving.deps.host.call = stopped;
    expect(await failureOf(starving.make())).toBeInstanceOf(CancelledError);
    expect(await call()).toMatchObject({ status: 'running', result: null });
    await expect(make(2)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
  });

  it('stays one effect when the provider goes wrong six times in a row', async () => {
    const offered = tool({ takesEffectKey: true });
    await want(offered);
    const { world, make } = open(offered, 'lost', 'lost', 'lost', 'lost', 'lost', 'lost', 'lost');
    for (let nth = 1; nth < 6; nth++) await failureOf(make(nth));
    await expect(make(6)).resolves.toEqual({ status: 'unknown' });
    expect(times(world)).toBe(1);
  });
});
