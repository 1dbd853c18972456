import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { FAILURE } from '../../contracts/failures.ts';
import { failure } from './support/scripted-activities.ts';
import { openEnvironment, type TestEnvironment } from './support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
}, 60_000);
afterAll(() => environment?.close());

describe('the report to Slack', () => {
  it('is written at the beginning and the end, and never without a wish', async () => {
    const told = await environment.start({}, { slack: true });
    await told.handle.result();
    expect(told.names()).toContain('reportToSlack');
    expect(told.names().at(-1)).toBe('reportToSlack');
    const quiet = await environment.start();
    await quiet.handle.result();
    expect(quiet.names()).not.toContain('reportToSlack');
  });

  it('begins with the route where nothing is asked before it', async () => {
    let open: () => void = () => {};
    const shown = new Promise<void>((resolve) => (open = resolve));
    const report = (nth: number) => {
      if (nth === 1) open();
      return Promise.resolve();
    };
    const run = await environment.start({ agent: () => shown, report }, { slack: true, analyze: false });
    await run.handle.result();
    expect(run.names().indexOf('reportToSlack')).toBeGreaterThan(run.names().indexOf('routeRequest'));
    expect(run.names().filter((name) => name === 'reportToSlack')).toHaveLength(2);
  });

  it('of a refused request is its end alone', async () => {
    const run = await environment.start({}, { slack: true, refusal: 'guest' });
    await run.handle.result();
    expect(run.names()).toEqual(['finishOrchestration', 'reportToSlack']);
  });

  it('joins the changes that come while a write is under way', async () => {
    let open: () => void = () => {};
    const slow = new Promise<void>((resolve) => (open = resolve));
    const agents = ['brand', 'ops', 'finance', 'growth', 'product'] as const;
    const run = await environment.start(
      { agents, report: (nth) => (nth === 1 ? slow : Promise.resolve()) },
      { slack: true },
    );
    await run.when(() => run.names().includes('finishOrchestration'));
    open();
    await run.handle.result();
    expect(run.names().filter((name) => name === 'reportToSlack')).toHaveLength(2);
  });

  it('that Slack refuses fails nothing', async () => {
    const run = await environment.start(
      { report: () => Promise.reject(failure(FAILURE.slackRefused)) },
      { slack: true },
    );
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(run.names()).toContain('runAgent brand');
  });

  it('waits for Slack as long as Slack asks, and is written', async () => {
    const written: boolean[] = [];
    const run = await environment.start(
      {
        report: async (nth, isFinal) => {
          if (isFinal && written.push(false) < 3)
            throw ApplicationFailure.create({ type: FAILURE.slackRateLimited, nextRetryDelay: 50 });
        },
      },
      { slack: true },
    );
    await run.handle.result();
    expect(written).toHaveLength(3);
  });
});
