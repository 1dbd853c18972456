import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ToolHost } from '../../../domain/tools/tool-host.ts';
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

/** Puts the first call of a door of the host to sleep, as a process that is stopped there. */
function asleepAt(host: ToolHost, door: 'before' | 'readBack', after: 'asking' | 'answered') {
  let wakeUp = () => {};
  let slept = () => {};
  const sleeping = new Promise<void>((resolve) => (slept = resolve));
  const waking = new Promise<void>((resolve) => (wakeUp = resolve));
  const ask: (...given: never[]) => Promise<unknown> = host[door];
  let first = true;
  const sleepy = async (...given: never[]) => {
    const mine = first;
    first = false;
    const early = after === 'answered' ? await ask(...given) : undefined;
    if (mine) slept();
    if (mine) await waking;
    return after === 'answered' ? early : ask(...given);
  };
  Object.assign(host, { [door]: sleepy });
  return { sleeping, wakeUp: () => wakeUp() };
}

describe('a try that slept through newer ones', () => {
  it('and was about to take an unsent claim over does not take what has been done since', async () => {
    const offered = tool({ canReadBack: true });
    await nubabel.want(offered);
    const { world, make, deps } = nubabel.open(offered);
    const { before } = deps.host;
    deps.host.before = async () => {
      deps.host.before = before;
      throw new KilledError('before anything was sent');
    };
    await expect(make(1)).rejects.toThrow(KilledError);
    const second = asleepAt(deps.host, 'before', 'asking');
    const zombie = failureOf(make(2));
    await second.sleeping;
    await expect(make(3)).resolves.toEqual({ status: 'done' });
    second.wakeUp();
    expect(await zombie).toMatchObject({ type: 'ToolCallGone' });
    expect(times(world)).toBe(1);
    expect(await nubabel.ledger()).toMatchObject([{ state: 'DONE' }]);
  });

  it('and had read back that it is not there does not send what has been sent since', async () => {
    const offered = tool({ canReadBack: true });
    await nubabel.want(offered);
    const { world, make, deps, killAt } = nubabel.open(offered);
    killAt('before-effect');
    await expect(make(1)).rejects.toThrow(KilledError);
    await nubabel.patienceIsOver();
    const second = asleepAt(deps.host, 'readBack', 'answered');
    const zombie = failureOf(make(2));
    await second.sleeping;
    killAt('after-effect');
    await expect(make(3)).rejects.toThrow(KilledError);
    second.wakeUp();
    expect(await zombie).toMatchObject({ type: 'ToolCallGone' });
    await expect(make(4)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
  });

  it('cannot say that a change did not happen which a newer one is making', async () => {
    const offered = tool({ canReadBack: true });
    await nubabel.want(offered);
    let refuse = () => {};
    let asked = () => {};
    const asking = new Promise<void>((resolve) => (asked = resolve));
    const refused = new Promise<void>((resolve) => (refuse = resolve));
    const { world, make, killAt } = nubabel.open(offered, async () => {
      asked();
      await refused;
      throw new ToolCallError('refused', 'There is no such database.');
    });
    const zombie = make(1);
    await asking;
    await nubabel.patienceIsOver();
    killAt('after-effect');
    await expect(make(2)).rejects.toThrow(KilledError);
    refuse();
    await zombie.catch(() => undefined);
    expect(await nubabel.ledger()).toMatchObject([{ state: 'PENDING', attempts: 2 }]);
    await expect(make(3)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
  });

  it('cannot call unknown what is done', async () => {
    const offered = tool();
    await nubabel.want(offered);
    let lose = () => {};
    let asked = () => {};
    const asking = new Promise<void>((resolve) => (asked = resolve));
    const losing = new Promise<void>((resolve) => (lose = resolve));
    const { make } = nubabel.open(offered, async (_options, happen) => {
      happen();
      asked();
      await losing;
      throw new ToolCallError('unknown', 'The answer was lost.');
    });
    const zombie = make(1);
    await asking;
    await database.look(
      `update effects set state = 'DONE', settled_by = 'person' where orchestration_id = '${nubabel.orchestrationId}'`,
    );
    lose();
    await zombie.catch(() => undefined);
    expect(await nubabel.ledger()).toMatchObject([{ state: 'DONE', settled_by: 'person' }]);
    expect((await nubabel.call())?.status).not.toBe('unknown');
  });
});

describe('a change that may be sent again', () => {
  it('is read back first where that is possible, so that nothing newer is written over', async () => {
    const offered = tool({ canReadBack: true, idempotent: true });
    await nubabel.want(offered);
    const { world, make, killAt } = nubabel.open(offered);
    killAt('after-effect');
    await expect(make()).rejects.toThrow(KilledError);
    await expect(make(2)).resolves.toEqual({ status: 'done' });
    expect([times(world), world.readBacks]).toEqual([1, 1]);
    expect(await nubabel.ledger()).toEqual([{ state: 'DONE', settled_by: 'read_back', attempts: 1 }]);
  });

  it('is sent again at once where it is not there', async () => {
    const offered = tool({ canReadBack: true, idempotent: true });
    await nubabel.want(offered);
    const { world, make, killAt } = nubabel.open(offered);
    killAt('before-effect');
    await expect(make()).rejects.toThrow(KilledError);
    await expect(make(2)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
  });

  it('is told until when it may be sent, before others may try', async () => {
    const offered = tool();
    await nubabel.want(offered);
    const untils: (number | undefined)[] = [];
    const { make } = nubabel.open(offered, async ({ sendUntil }) => {
      untils.push(sendUntil);
      return { text: 'done', isError: false };
    });
    await make();
    const [effect] = await database.look<{ answer_until: Date }>(
      `select answer_until from effects where orchestration_id = '${nubabel.orchestrationId}'`,
    );
    const until = untils[0] ?? Infinity;
    expect(until).toBeGreaterThan(Date.now());
    expect(until).toBeLessThan(effect?.answer_until.getTime() ?? 0);
  });
});
