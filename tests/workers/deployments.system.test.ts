import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  DEPLOYMENT,
  openEnvironment,
  type StartedRun,
  type TestEnvironment,
} from '../workflows/support/environment.ts';
import { decide, steer, untilAsked, untilAskedFor } from '../workflows/support/people.ts';
import { adopted, ask, askedAbout, step } from '../workflows/support/plans.ts';

/** Two builds of the workers of one deployment, side by side, as while a new one is rolled out. */
let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment({ buildIds: ['old', 'new'] });
}, 60_000);
afterAll(() => environment?.close());

/** Makes a build the one that new runs begin on, once its worker is known. */
async function makeCurrent(buildId: string): Promise<void> {
  for (let left = 100; ; left--)
    try {
      await environment.temporal.connection.workflowService.setWorkerDeploymentCurrentVersion({
        namespace: 'default',
        deploymentName: DEPLOYMENT,
        buildId,
      });
      return;
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

/** The builds that have worked on the latest run, in order. */
async function buildsOf({ handle }: StartedRun): Promise<string[]> {
  const { events } = await environment.client.workflow.getHandle(handle.workflowId).fetchHistory();
  const builds = (events ?? []).flatMap(
    ({ workflowTaskCompletedEventAttributes: completed }) => completed?.deploymentVersion?.buildId ?? [],
  );
  return [...new Set(builds)];
}

it('a run ends on the build that began it, new ones begin on the current one, and a plan that waits moves there', async () => {
  await makeCurrent('old');
  const [asking, waiting] = await Promise.all([
    environment.start({ planning: true, drafts: [adopted(ask('sure'))] }),
    environment.start({ planning: true, drafts: [askedAbout({}, step('a'))] }),
  ]);
  const named = await untilAskedFor(asking, 1);
  await untilAsked(waiting);
  await makeCurrent('new');
  const fresh = await environment.start({ planning: true, drafts: [adopted(step('a'))] });
  await expect(fresh.handle.result()).resolves.toEqual({ status: 'completed' });
  expect(await buildsOf(fresh)).toEqual(['new']);

  await decide(asking, named);
  await expect(asking.handle.result()).resolves.toEqual({ status: 'completed' });
  expect(await buildsOf(asking)).toEqual(['old']);

  const message = await steer(waiting);
  await waiting.when(async () => (await buildsOf(waiting)).includes('new'), 200);
  await untilAsked(waiting);
  await decide(waiting);
  await expect(waiting.handle.result()).resolves.toEqual({ status: 'completed' });
  expect(await buildsOf(waiting)).toEqual(['new']);
  expect(waiting.calls.find(({ name }) => name === 'runAgent')?.steering).toEqual([message]);
}, 60_000);
