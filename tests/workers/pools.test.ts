import { describe, expect, it } from '@jest/globals';
import { selectPools, UnknownPoolError } from '../../workers/pools.ts';

const settings = { WORKER_CONCURRENCY: 100, WORKER_COUNT: 3, LOCAL_WORKER_COUNT: 2 };

describe('the pools of a worker process', () => {
  it('are all of them, each with its queue and its own limit', () => {
    expect(selectPools(settings, [])).toEqual([
      { name: 'orchestration', taskQueue: 'orchestration', concurrency: 100 },
      { name: 'salesforce', taskQueue: 'salesforce', concurrency: 3 },
      { name: 'local-ops', taskQueue: 'local-ops', concurrency: 2 },
    ]);
  });

  it('are those that were named, each once', () => {
    const names = selectPools(settings, ['local-ops', 'salesforce', 'local-ops']).map(({ name }) => name);
    expect(names).toEqual(['salesforce', 'local-ops']);
  });

  it('are told when one was named that is not there', () => {
    const select = () => selectPools(settings, ['salesforce', 'jira', 'toString']);
    expect(select).toThrow(UnknownPoolError);
    expect(select).toThrow('There is no pool jira, toString. The pools are orchestration, salesforce, local-ops.');
  });
});
