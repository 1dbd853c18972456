import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type Client, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Runtime, type Worker } from '@temporalio/worker';
import { createDataConverter } from '../../../adapters/temporal/payload-codec.ts';
import type { Activities } from '../../../activities/index.ts';
import { orchestrationWorkflowId, QUEUE, WORKFLOW } from '../../../contracts/queues.ts';
import type { Ending, OrchestrationInput } from '../../../contracts/workflow.ts';
import { serverArguments } from '../../../dev/temporal/server.ts';
import { until } from '../../../dev/until.ts';
import { buildWorkflowBundle } from '../../../workers/bundle.ts';
import { createOrchestrationWorker } from '../../../workers/create-worker.ts';
import { runAll } from '../../../workers/run-all.ts';
import type { orchestrationWorkflow } from '../../../workflows/orchestration.workflow.ts';
import { testServers } from '../../support/database.ts';
import { createScriptedActivities, type Call, type Script } from './scripted-activities.ts';

export interface StartedRun {
  readonly handle: WorkflowHandleWithFirstExecutionRunId<typeof orchestrationWorkflow>;
  /** Resolves when it is over, whichever way Temporal calls it: a cancelled one has no result. */
  over(): Promise<void>;
  /** What the activities were asked for, in order. */
  readonly calls: readonly Call[];
  /** The calls by name and, for agents, whom: `runAgent brand`. */
  names(): string[];
  /** How the workflow said that the work ended. */
  ending(): Ending | undefined;
  /** Names of the events in the history of its latest run. */
  events(): Promise<string[]>;
  when(fits: () => boolean | Promise<boolean>, everyMs?: number): Promise<void>;
}

/** A real Temporal server and a worker of the orchestration pool whose activities follow scripts. */
export interface TestEnvironment {
  readonly temporal: TestWorkflowEnvironment;
  readonly client: Client;
  start(script?: Script, input?: Partial<OrchestrationInput>): Promise<StartedRun>;
  close(): Promise<void>;
}

const nothing = () => {};
export const SILENT = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Without it the SDK writes its log among the results of the tests. */
export const silenceRuntime = () => Runtime.install({ logger: SILENT });

/** A server with its connections and a client, and with the product's settings and these. */
export function openTemporal(settings: Readonly<Record<string, string>> = {}): Promise<TestWorkflowEnvironment> {
  silenceRuntime();
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: testServers().temporalCli },
      log: { format: 'pretty', level: 'error' },
      extraArgs: serverArguments(settings),
    },
  });
}

/** What the builds of tests belong to. */
export const DEPLOYMENT = 'tested';

export interface EnvironmentOptions {
  readonly cachedWorkflows?: number;
  /** A worker for each of these builds; one without any version unless told. */
  readonly buildIds?: readonly string[];
  /** Dynamic settings of the server. */
  readonly settings?: Readonly<Record<string, string>>;
}

export async function openEnvironment({
  cachedWorkflows = 100,
  buildIds,
  settings,
}: EnvironmentOptions = {}): Promise<TestEnvironment> {
  const [temporal, bundle] = await Promise.all([openTemporal(settings), buildWorkflowBundle()]);
  const { client, nativeConnection: connection } = temporal;
  const scripted = createScriptedActivities();
  const versions = buildIds?.map((buildId) => ({ buildId, deploymentName: DEPLOYMENT })) ?? [undefined];
  const workers = versions.map((version) =>
    createOrchestrationWorker({
      connection,
      namespace: 'default',
      activities: scripted.activities satisfies Activities,
      dataConverter: createDataConverter(),
      workflows: { codePath: bundle.path },
      cachedWorkflows,
      concurrency: 50,
      version,
    }),
  );
  const running = runAll(await Promise.all(workers));
  return {
    temporal,
    client,
    start: (script = {}, input = {}) => start(client, scripted, script, input),
    close: async () => {
      running.stop();
      await running.ended;
      await temporal.teardown();
      await Runtime.instance().shutdown();
    },
  };
}

export async function stop(worker: Worker, running: Promise<void>): Promise<void> {
  if (worker.getState() === 'RUNNING') worker.shutdown();
  await running;
}

async function start(
  client: Client,
  scripted: ReturnType<typeof createScriptedActivities>,
  script: Script,
  input: Partial<OrchestrationInput>,
): Promise<StartedRun> {
  const orchestrationId = randomUUID();
  const { calls } = scripted.follow(orchestrationId, script);
  const organizationId = randomUUID();
  const handle = await client.workflow.start<typeof orchestrationWorkflow>(WORKFLOW.orchestration, {
    args: [{ organizationId, orchestrationId, slack: false, analyze: true, ...input }],
    taskQueue: QUEUE.orchestration,
    workflowId: orchestrationWorkflowId({ organizationId, orchestrationId }),
  });
  return {
    handle,
    calls,
    over: () =>
      handle.result().then(nothing, (error: unknown) => {
        if (!(error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure)) throw error;
      }),
    names: () => calls.map(({ name, agent }) => (agent ? `${name} ${agent}` : name)),
    ending: () => calls.find(({ name }) => name === 'finishOrchestration')?.ending,
    events: async () => ((await handle.fetchHistory()).events ?? []).map(({ eventType }) => String(eventType)),
    when: async (fits, everyMs = 20) => {
      if (!(await until(fits, { withinMs: 60_000, everyMs })))
        throw new Error(`It never came to fit: ${calls.map(({ name }) => name).join(', ')}`);
    },
  };
}
