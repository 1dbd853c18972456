import { MockActivityEnvironment } from '@temporalio/testing';
import type { TurnDeps } from '../../../domain/models/turn.ts';
import { createAnthropicModel } from '../../../adapters/anthropic/anthropic-model.ts';
import { createKeyPool } from '../../../domain/models/key-pool.ts';
import type { KillPoint } from '../../../domain/kill-points.ts';
import { createFakeModel, type FakeModel } from '../../../dev/fakes/model/index.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { PRICES } from '../../support/samples.ts';

/** Thrown where a process would die: nothing after it runs. */
export class KilledError extends Error {}

/** What a turn of a model needs, with real Postgres, the real SDK and a model that keeps score. */
export interface Fixture {
  readonly database: TestDatabase;
  readonly model: FakeModel;
  readonly deps: TurnDeps;
  /** Dies at this point, once. */
  killAt(point: KillPoint): void;
  /** Lets every key rest until it is well, as the wait between two attempts does. */
  rest(): Promise<unknown>;
  close(): Promise<void>;
}

export async function openFixture(): Promise<Fixture> {
  const [database, model] = await Promise.all([openTestDatabase(), createFakeModel()]);
  let deadly: KillPoint | undefined;
  const deps: TurnDeps = {
    db: database.db,
    model: createKeyPool({
      db: database.db,
      model: createAnthropicModel({ baseUrl: model.url, timeoutMs: 2_000 }),
      keys: ['sk-test'],
      sealer: undefined,
      mostInFlight: 50,
      leaseSeconds: 60,
      onSwitch: () => undefined,
      onError: () => undefined,
    }),
    prices: PRICES,
    defaultLimits: { userDayNanos: 1e12, organizationMonthNanos: 1e13 },
    reservationSeconds: 900,
    alertThresholds: [0.8, 0.95],
    reachKillPoint: (point) => {
      if (point !== deadly) return;
      deadly = undefined;
      throw new KilledError(point);
    },
    wakeReaders: () => undefined,
  };
  return {
    database,
    model,
    deps,
    killAt: (point) => void (deadly = point),
    rest: () => database.look('delete from model_key_accounts'),
    close: async () => {
      await model.close();
      await database.drop();
    },
  };
}

const nothing = () => {};
const SILENT = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Runs work as Temporal would run an attempt of an activity. */
export const attempt = <T>(nth: number, work: (environment: MockActivityEnvironment) => Promise<T>): Promise<T> => {
  const environment = new MockActivityEnvironment({ attempt: nth }, { logger: SILENT });
  return environment.run(() => work(environment));
};
