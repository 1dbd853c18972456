import { proxyActivities } from '@temporalio/workflow';

export interface Calls {
  readonly taskQueue: string;
  readonly count: number;
}

/** Calls an activity on a queue so many times at once. */
export async function callsWorkflow({ taskQueue, count }: Calls): Promise<void> {
  const { hold } = proxyActivities<{ hold(queue: string): Promise<void> }>({
    taskQueue,
    startToCloseTimeout: '1 minute',
  });
  await Promise.all(Array.from({ length: count }, () => hold(taskQueue)));
}
