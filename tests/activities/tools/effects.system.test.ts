import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { argumentsHash } from '../../../activities/tools/canonical.ts';
import { createToolActivities } from '../../../activities/tools/index.ts';
import type { ToolDeps } from '../../../activities/tools/tool-deps.ts';
import { createStoreActivities } from '../../../activities/store/index.ts';
import type { KillPoint } from '../../../activities/kill-points.ts';
import type { CallOutcome } from '../../../contracts/workflow.ts';
import { withOrganization } from '../../../db/organization.ts';
import { listEffects, type Effect } from '../../../db/queries/effects.ts';
import { findToolCall, insertToolCalls, type ToolCall } from '../../../db/queries/tool-calls.ts';
import type { OfferedTool } from '../../../mcp/host/tool-host.ts';
import { ToolCallError } from '../../../mcp/port.ts';
import { createOrchestration, createTenant, type Tenant } from '../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { attempt, Killed } from '../desk.ts';
import { openWorld, scriptedHost, tool, type Deed, type World } from './scripted-host.ts';

let database: TestDatabase;
let tenant: Tenant;
let orchestrationId: string;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  tenant = await createTenant(database.db);
  orchestrationId = await createOrchestration(database.db, tenant, {}, ['ops']);
});

const inside = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
  withOrganization(database.db, tenant.organizationId, work);

/** A house with one tool, whose provider goes as the script says. */
function open(offered: OfferedTool, ...script: Deed[]) {
  const world = openWorld(...script);
  const host = scriptedHost([offered], world);
  let deadly: KillPoint | undefined;
  const deps: ToolDeps = {
    db: database.db,
    host,
    delegation: { call: () => Promise.reject(new Error('Nobody delegates here.')) },
    defaultLimits: { userDayNanos: 1e12, organizationMonthNanos: 1e13 },
    delegationTimeoutMs: 1_000,
    delegationMaxCents: 100,
    reachKillPoint: (point) => {
      if (point !== deadly) return;
      deadly = undefined;
      throw new Killed(point);
    },
    wakeReaders: () => undefined,
    showProgress: () => Promise.resolve(),
  };
  const { organizationId } = tenant;
  const activities = createToolActivities(deps);
  const make = (nth = 1, call = 'c1') =>
    attempt(nth, () => activities.callTool({ organizationId, orchestrationId, call }));
  return { world, deps, make, killAt: (point: KillPoint) => void (deadly = point), activities };
}

async function want(
  offered: OfferedTool,
  changes: Partial<ToolCall> = {},
  args: Record<string, unknown> = { title: 'Ship' },
) {
  const row = {
    organization_id: tenant.organizationId,
    orchestration_id: orchestrationId,
    id: 'c1',
    step_id: 'ops',
    tool: offered.name,
    connection_id: offered.connectionId,
    arguments: JSON.stringify(args),
    arguments_hash: argumentsHash(args),
    risk: offered.risk,
    ...(changes as object),
  };
  await inside((trx) => insertToolCalls(trx, [row]));
}

const ledger = async (): Promise<Pick<Effect, 'state' | 'settled_by' | 'attempts'>[]> =>
  (await inside((trx) => listEffects(trx, orchestrationId))).map(({ state, settled_by, attempts }) => ({
    state,
    settled_by,
    attempts,
  }));
const call = (id = 'c1') => inside((trx) => findToolCall(trx, { orchestrationId, id }));
/** Whoever sent it cannot be at it any more. */
const patienceIsOver = () => database.look(`update effects set answer_until = now() - interval '1 second'`);
const failureOf = (work: Promise<CallOutcome>): Promise<unknown> =>
  work.then(
    () => Promise.reject(new Error('It worked.')),
    (error: unknown) => error,
  );
const times = ({ happened }: World) => happened.length;

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

  it('is answered from the ledger when it is wanted again in the same step, whatever the model calls it', async () => {
    const offered = tool();
    await want(offered);
    await want(offered, { id: 'c2', tool_use_id: 'toolu_other' });
    const { world, make } = open(offered);
    await make();
    await expect(make(1, 'c2')).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
    expect(await call('c2')).toMatchObject({ result: { text: 'done: createTask' } });
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
    await database.look(`update orchestrations set status = 'cancelled' where id = '${orchestrationId}'`);
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
      throw new Killed('before');
    };
    await expect(make()).rejects.toThrow(Killed);
    expect(await ledger()).toEqual([{ state: 'PENDING', settled_by: null, attempts: 1 }]);
    await expect(make(2)).resolves.toEqual({ status: 'done' });
    expect(times(world)).toBe(1);
  });

  it('after the provider’s answer makes no second effect: it is read back', async () => {
    const offered = tool({ canReadBack: true });
    await want(offered);
    const { world, make, killAt } = open(offered);
    killAt('after-effect');
    await expect(make()).rejects.toThrow(Killed);
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
    await expect(make()).rejects.toThrow(Killed);
    await expect(make(2)).resolves.toEqual({ status: 'done' });
    expect([times(world), world.readBacks]).toEqual([1, 0]);
  });

  it('just before the call is not believed to have done nothing as long as it could still be at it', async () => {
    const offered = tool({ canReadBack: true });
    await want(offered);
    const { world, make, killAt } = open(offered);
    killAt('before-effect');
    await expect(make()).rejects.toThrow(Killed);
    const early = await failureOf(make(2));
    expect(early).toMatchObject({ type: 'ToolUnavailable' });
    expect(early).toBeInstanceOf(ApplicationFailure);
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
    await expect(make()).rejects.toThrow(Killed);
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
    await expect(make()).rejects.toThrow(Killed);
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
    expect(await failureOf(make())).toBeInstanceOf(CancelledFailure);
    expect(times(world)).toBe(1);
    expect(await ledger()).toMatchObject([{ state: 'UNKNOWN' }]);
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

describe('a human who has looked', () => {
  const store = () =>
    createStoreActivities({ db: database.db, wakeReaders: () => undefined } as unknown as Parameters<
      typeof createStoreActivities
    >[0]);
  const say = (verdict: 'done' | 'retry' | 'open') =>
    store().settleUnknown({ organizationId: tenant.organizationId, orchestrationId, call: 'c1', verdict });
  const unknown = async () => {
    const offered = tool();
    await want(offered);
    const house = open(offered);
    house.killAt('after-effect');
    await failureOf(house.make());
    await house.make(2);
    return house;
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

describe('a read', () => {
  const read = () => tool({ name: 'notion__getTasks', remoteName: 'getTasks', risk: 'read', canUndo: false });

  it('leaves no line in the ledger, and taints the step with what it says', async () => {
    const offered = read();
    await want(offered);
    await expect(open(offered).make()).resolves.toEqual({ status: 'done' });
    expect(await ledger()).toEqual([]);
    const [step] = await database.look<{ tainted: boolean }>(
      `select tainted from steps where orchestration_id = '${orchestrationId}'`,
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
    const [effect] = await inside((trx) => listEffects(trx, orchestrationId));
    const { organizationId } = tenant;
    const undo = (nth: number) =>
      attempt(nth, () => activities.undoEffect({ organizationId, orchestrationId, key: effect?.key ?? '' }));
    await expect(undo(1)).resolves.toEqual({ undone: true });
    await expect(undo(2)).resolves.toEqual({ undone: true });
    expect(world.undone).toEqual(['createTask back to before']);
  });
});
