import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';

/**
 * One local activity at a time in each workflow. Those that run side by side are resolved in the order in which they end,
 * but a replay resolves them together and in the order in which they began, so that what follows from them can be
 * scheduled in another order and the work stands still for ever
 * (github.com/temporalio/sdk-python/issues/1578 and 1881 tell the same of another SDK on the same core). While one waits
 * for its next try the others go on.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let previous: Promise<unknown> = Promise.resolve();
  return {
    outbound: [
      {
        scheduleLocalActivity(input, next) {
          const before = previous;
          const inTurn = async () => {
            await before;
            return next(input);
          };
          const result = inTurn();
          previous = result.catch(() => undefined);
          return result;
        },
      },
    ],
  };
};
