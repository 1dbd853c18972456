import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Principal } from '../../contracts/request.ts';
import { withOrganization } from '../../db/organization.ts';
import { insertDelivery } from '../../db/queries/inbox.ts';
import { checkHealth } from '../../domain/health.ts';
import { createDispatcher } from '../../domain/inbox/dispatcher.ts';
import { readBacklog, retryDelivery, startRelay } from '../../domain/inbox/relay.ts';
import { WorkflowsAwayError, type Delivery, type WorkflowPort } from '../../domain/orchestrations/workflow-port.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { createOrchestration, createTenant, type Tenant } from './world.ts';

let database: TestDatabase;
let stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  database = await openTestDatabase(8);
});
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  stops = [];
  await database.look('delete from inbox');
});
afterAll(() => database?.drop());

/** A Temporal that keeps score and answers each delivery as the test says. */
function openRelay(answer: (delivery: Delivery) => Promise<void>) {
  const tried: string[] = [];
  const workflows: Pick<WorkflowPort, 'deliver'> = {
    deliver: (delivery) => {
      tried.push(delivery.id);
      return answer(delivery);
    },
  };
  const log = { warn: () => undefined };
  const dispatcher = createDispatcher({ db: database.db, log, workflows });
  const stop = startRelay({ db: database.db, log, dispatcher });
  stops.push(stop);
  return { tried, stop, dispatcher };
}

interface Waiting {
  readonly kind?: Delivery['kind'];
  readonly orchestrationId?: string;
  readonly secondsAgo?: number;
}

/** Something accepted a while ago that nobody has delivered. */
async function accept(tenant: Tenant, { kind = 'request', orchestrationId, secondsAgo = 60 }: Waiting = {}) {
  const id = randomUUID();
  const { organizationId } = tenant;
  const job = orchestrationId ?? (await createOrchestration(database.db, tenant));
  const delivery = { organizationId, id, source: 'rest', kind, orchestrationId: job, body: {} } as const;
  await withOrganization(database.db, organizationId, (trx) => insertDelivery(trx, delivery));
  await database.look(`update inbox set received_at = now() - interval '${secondsAgo} seconds' where id = '${id}'`);
  return { ...delivery, id };
}

const waiting = async () =>
  (await database.look<{ id: string }>(`select id from inbox where handed_over_at is null order by received_at`)).map(
    ({ id }) => id,
  );

const refuse = () => Promise.reject(new Error('INVALID_ARGUMENT: no such thing'));
const hang = () => new Promise<never>(() => undefined);

describe('deliveries that Temporal refuses', () => {
  it('are each tried a few times in as many seconds, and every other organization is reached', async () => {
    const [bad, good] = [await createTenant(database.db), await createTenant(database.db)];
    for (let i = 0; i < 30; i++) await accept(bad, { secondsAgo: 100 });
    const other = await accept(good);
    const { tried } = openRelay(({ organizationId }) =>
      organizationId === bad.organizationId ? refuse() : Promise.resolve(),
    );
    await eventually('the other organization', async () => !(await waiting()).includes(other.id));
    await eventually('a try of each', () => new Set(tried).size === 31);
    await delay(3_000);
    expect(tried.length).toBeLessThan(31 * 4);
    expect(await waiting()).toHaveLength(30);
  });

  it('are tried later each time, and never given up', async () => {
    const tenant = await createTenant(database.db);
    await accept(tenant);
    await database.look('update inbox set attempts = 30');
    openRelay(refuse);
    const wait = `select round(extract(epoch from next_attempt_at - now()) / 60)::int as minutes from inbox where attempts = 31`;
    const [row] = await eventually('the try', async () => {
      const rows = await database.look(wait);
      return rows.length > 0 && rows;
    });
    expect(row).toEqual({ minutes: 60 });
  });

  it('are told to operators with why, who may have them tried at once', async () => {
    const [tenant, stranger] = [await createTenant(database.db), await createTenant(database.db)];
    const { id, orchestrationId } = await accept(tenant, { secondsAgo: 600 });
    let refusing = true;
    openRelay(() => (refusing ? refuse() : Promise.resolve()));
    const read = () => readBacklog(database, tenant);
    const shown = { id, jobId: orchestrationId, kind: 'request', lastError: 'INVALID_ARGUMENT: no such thing' };
    await eventually('the refusal', async () => (await read())[0]?.lastError === shown.lastError);
    expect(await read()).toMatchObject([shown]);
    expect(await readBacklog(database, stranger)).toEqual([]);
    expect((await checkHealth({ db: database.db, workflowHealth: healthy })).status).toBe('degraded');
    await database.look(`update inbox set next_attempt_at = now() + interval '1 hour'`);
    refusing = false;
    await expect(retryDelivery(database, asAdmin(stranger), id)).rejects.toMatchObject({ kind: 'not-found' });
    await retryDelivery(database, asAdmin(tenant), id);
    await eventually('the delivery', async () => (await waiting()).length === 0);
    const { status, inbox } = await checkHealth({ db: database.db, workflowHealth: healthy });
    expect([status, inbox]).toEqual(['ok', { ok: true }]);
  });
});

const healthy = { ping: () => Promise.resolve(), isPolled: () => Promise.resolve(true) };
const asAdmin = ({ organizationId, userId }: Tenant): Principal => ({
  organizationId,
  userId,
  name: 'Ada',
  role: 'admin',
  timeZone: 'UTC',
});

describe('a Temporal that does not answer', () => {
  it('for one organization alone keeps nobody else from being reached', async () => {
    const [silent, good] = [await createTenant(database.db), await createTenant(database.db)];
    for (let i = 0; i < 3; i++) await accept(silent, { secondsAgo: 100 });
    const other = await accept(good);
    openRelay(({ organizationId }) =>
      organizationId === silent.organizationId ? Promise.reject(new WorkflowsAwayError('late')) : Promise.resolve(),
    );
    await eventually('the other organization', async () => !(await waiting()).includes(other.id));
  });

  it('holds no row and no connection while it is waited for, and does not hold up the stop', async () => {
    const tenant = await createTenant(database.db);
    const { id } = await accept(tenant);
    const { tried, stop } = openRelay(hang);
    await eventually('the try', () => tried.includes(id));
    const open = await database.look(
      `select pid from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
    );
    expect(open).toEqual([]);
    await database.look(`set lock_timeout = '200ms'; update inbox set last_error = 'somebody else' where id = '${id}'`);
    const began = Date.now();
    await stop();
    expect(Date.now() - began).toBeLessThan(1_000);
    // It was given back: the next relay has it at once.
    openRelay(() => Promise.resolve());
    await eventually('the delivery', async () => (await waiting()).length === 0);
  });
});

describe('a lease', () => {
  it('of a relay that was killed keeps nobody waiting for long', async () => {
    const { id } = await accept(await createTenant(database.db));
    const { tried } = openRelay(hang);
    await eventually('the try', () => tried.includes(id));
    const [row] = await database.look(
      `select next_attempt_at - now() between interval '5 seconds' and interval '10 seconds' as soon from inbox`,
    );
    expect(row).toEqual({ soon: true });
  });

  it('is taken again for what a slow Temporal has left no time for', async () => {
    const tenant = await createTenant(database.db);
    for (let i = 0; i < 2; i++) await accept(tenant, { secondsAgo: 100 - i });
    const left: unknown[] = [];
    openRelay(async ({ id }) => {
      left.push(
        ...(await database.look(
          `select next_attempt_at - now() > interval '8 seconds' as whole from inbox where id = '${id}'`,
        )),
      );
      if (left.length === 1) await delay(5_200);
    });
    await eventually('both', async () => (await waiting()).length === 0, 15_000);
    expect(left).toEqual([{ whole: true }, { whole: true }]);
  }, 30_000);
});

describe('what is said to a job', () => {
  it('does not reach Temporal before the request that starts it, by relay or at once', async () => {
    const tenant = await createTenant(database.db);
    const first = await accept(tenant, { secondsAgo: 90 });
    const said = await accept(tenant, { kind: 'steering', orchestrationId: first.orchestrationId });
    let refusing = true;
    const delivered: string[] = [];
    const { dispatcher, tried } = openRelay((delivery) => {
      if (refusing) return refuse();
      delivered.push(delivery.id);
      return Promise.resolve();
    });
    await eventually('two tries', () => tried.length > 1);
    await dispatcher.now(said);
    expect(new Set(tried)).toEqual(new Set([first.id]));
    refusing = false;
    await eventually('the delivery', async () => (await waiting()).length === 0);
    expect(delivered).toEqual([first.id, said.id]);
  });
});

describe('a burst of one organization', () => {
  it('leaves room for what another one has to tell Temporal at once', async () => {
    const [loud, quiet] = [await createTenant(database.db), await createTenant(database.db)];
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const { tried, dispatcher } = openRelay(({ organizationId }) =>
      organizationId === loud.organizationId ? opened : Promise.resolve(),
    );
    const [many, one] = [[], await accept(quiet, { secondsAgo: 0 })] as [Delivery[], Delivery];
    for (let i = 0; i < 40; i++) many.push(await accept(loud, { secondsAgo: 0 }));
    const burst = Promise.all(many.map((delivery) => dispatcher.now(delivery)));
    await dispatcher.now(one);
    expect(tried).toContain(one.id);
    expect(tried).toHaveLength(9);
    open();
    await burst;
    expect(new Set(tried).size).toBe(41);
  });
});
