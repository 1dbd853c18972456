import { POOL_NAMES, POOLS, type PoolName } from '../contracts/queues.ts';

/** A named task queue and how many activities one process runs at once from it. */
export interface Pool {
  readonly name: PoolName;
  readonly taskQueue: string;
  readonly concurrency: number;
}

interface PoolSettings {
  readonly WORKER_CONCURRENCY: number;
  readonly WORKER_COUNT: number;
  readonly LOCAL_WORKER_COUNT: number;
}

/** All there is to say of the pools. */
const CONCURRENCY: Readonly<Record<PoolName, keyof PoolSettings>> = {
  orchestration: 'WORKER_CONCURRENCY',
  salesforce: 'WORKER_COUNT',
  'local-ops': 'LOCAL_WORKER_COUNT',
};

/** A pool that somebody asked for and that is not there. */
export class UnknownPoolError extends Error {
  override readonly name = 'UnknownPoolError';
}

/** The pools of these names; all of them without a name. @throws UnknownPoolError */
export function selectPools(settings: PoolSettings, names: readonly string[]): Pool[] {
  const unknown = names.filter((name) => !POOL_NAMES.some((pool) => pool === name));
  if (unknown.length > 0)
    throw new UnknownPoolError(`There is no pool ${unknown.join(', ')}. The pools are ${POOL_NAMES.join(', ')}.`);
  const wanted = POOL_NAMES.filter((name) => names.length === 0 || names.includes(name));
  return wanted.map((name) => ({ name, taskQueue: POOLS[name], concurrency: settings[CONCURRENCY[name]] }));
}
