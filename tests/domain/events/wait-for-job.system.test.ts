import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { withOrganization } from '../../../db/organization.ts';
import { changeOrchestration, getOrchestration, type Orchestration } from '../../../db/queries/orchestrations.ts';
import { createEventHub, type EventHub } from '../../../domain/events/event-hub.ts';
import { waitForJob } from '../../../domain/events/wait-for-job.ts';
import { createOrchestration, createTenant, type Tenant } from '../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';

let database: TestDatabase;
let tenant: Tenant;
beforeAll(async () => {
  database = await openTestDatabase(6);
  tenant = await createTenant(database.db);
});
afterAll(() => database?.drop());

/** A hub that is never started, so it has no poll of its own: what it is not woken for it does not see. */
let hub: EventHub;
let wake: (organizationId: string) => void;
let subscribed: number;
let jobId: string;
beforeEach(async () => {
  subscribed = 0;
  const real = createEventHub({
    db: database.db,
    log: { warn: (_, message) => expect(message).toBe('') },
    listen: (onWake) => {
      wake = onWake;
      return { open: () => undefined, close: () => Promise.resolve() };
    },
  });
  hub = {
    ...real,
    subscribe(subscriber) {
      subscribed += 1;
      const leave = real.subscribe(subscriber);
      return () => {
        subscribed -= 1;
        leave();
      };
    },
  };
  jobId = await createOrchestration(database.db, tenant, { status: 'running' });
});

const readJob = (id = jobId) =>
  withOrganization(database.db, tenant.organizationId, (trx) => getOrchestration(trx, id));
const change = (set: { status?: 'completed'; step?: string }, id = jobId) =>
  withOrganization(database.db, tenant.organizationId, (trx) =>
    changeOrchestration(trx, { organizationId: tenant.organizationId, id, set, event: 'orchestration_progress' }),
  );
const isOver = ({ status }: Orchestration) => status === 'completed';
const subscription = () => eventually('the subscription', () => Promise.resolve(subscribed === 1));
const QUICK_MS = 3_000;

describe('waiting for a job', () => {
  it('ends with the event that says so, long before anybody would look by themselves', async () => {
    const waiting = waitForJob({ db: database.db, hub }, await readJob(), { waitMs: 60_000, isOver });
    await subscription();
    await change({ status: 'completed' });
    const toldAt = Date.now();
    wake(tenant.organizationId);
    await expect(waiting).resolves.toMatchObject({ id: jobId, status: 'completed' });
    expect(Date.now() - toldAt).toBeLessThan(QUICK_MS);
    expect(subscribed).toBe(0);
  });

  it('loses no change that came before it subscribed, or while it was reading', async () => {
    const before = await readJob();
    await change({ status: 'completed' });
    const startedAt = Date.now();
    // Nobody wakes the hub: the read after the subscription finds it.
    await expect(waitForJob({ db: database.db, hub }, before, { waitMs: 60_000, isOver })).resolves.toMatchObject({
      status: 'completed',
    });
    expect(Date.now() - startedAt).toBeLessThan(QUICK_MS);
  });

  it('tells what is new on the way, and is not disturbed by other jobs', async () => {
    const other = await createOrchestration(database.db, tenant, { status: 'running' });
    const steps: string[] = [];
    const waiting = waitForJob({ db: database.db, hub }, await readJob(), {
      waitMs: 60_000,
      isOver,
      onChange: ({ step }) => steps.push(step),
    });
    await subscription();
    await change({ step: 'somebody else’s' }, other);
    await change({ step: 'half way' });
    wake(tenant.organizationId);
    await eventually('the step', () => Promise.resolve(steps.length === 1));
    await change({ status: 'completed', step: 'there' });
    wake(tenant.organizationId);
    await waiting;
    expect(steps).toEqual(['half way', 'there']);
  });

  it('tells the same again while nothing is new, so that who counts from the last sign of life goes on waiting', async () => {
    const steps: string[] = [];
    await change({ step: 'A person is asked' });
    await waitForJob({ db: database.db, hub }, await readJob(), {
      waitMs: 11_500,
      isOver,
      onChange: ({ step }) => steps.push(step),
    });
    expect(steps).toEqual(['A person is asked']);
  });

  it('is over when the time is, when nobody waits any more, and at once when there is nothing to wait for', async () => {
    const job = await readJob();
    const deps = { db: database.db, hub };
    await expect(waitForJob(deps, job, { waitMs: 30, isOver })).resolves.toMatchObject({ status: 'running' });
    const caller = new AbortController();
    const waiting = waitForJob(deps, job, { waitMs: 60_000, isOver, signal: caller.signal });
    await subscription();
    caller.abort();
    await expect(waiting).resolves.toMatchObject({ status: 'running' });
    await expect(waitForJob(deps, job, { waitMs: 0, isOver })).resolves.toBe(job);
    expect(subscribed).toBe(0);
  });
});
