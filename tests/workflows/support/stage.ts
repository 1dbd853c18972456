import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Client,
  Connection,
  WorkflowFailedError,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { NativeConnection, Runtime, type Worker } from '@temporalio/worker';
import { createDataConverter } from '../../../adapters/temporal/payload-codec.ts';
import type { Activities } from '../../../activities/index.ts';
import { orchestrationWorkflowId, QUEUE, WORKFLOW } from '../../../contracts/queues.ts';
import type { Ending, OrchestrationInput } from '../../../contracts/workflow.ts';
import { anyFreePort } from '../../../dev/ports.ts';
import { startTemporalServer, type RunningTemporal } from '../../../dev/temporal/server.ts';
import { until } from '../../../dev/until.ts';
import { buildWorkflowBundle } from '../../../workers/bundle.ts';
import { createOrchestrationWorker } from '../../../workers/create-worker.ts';
import type { orchestrationWorkflow } from '../../../workflows/orchestration.workflow.ts';
import { testServers } from '../../support/database.ts';
import { createActors, type Call, type Scene } from './actors.ts';

export interface Play {
  readonly handle: WorkflowHandleWithFirstExecutionRunId<typeof orchestrationWorkflow>;
  /** Resolves when it is over, whichever way Temporal calls it: a cancelled one has no result. */
  over(): Promise<void>;
  /** What the activities were asked for, in order. */
  readonly calls: readonly Call[];
  /** The calls by name and, for agents, whom: `runAgent brand`. */
  names(): string[];
  /** How the workflow said that the work ended. */
  ending(): Ending | undefined;
  /** Names of the events in its history. */
  events(): Promise<string[]>;
  when(fits: () => boolean | Promise<boolean>, everyMs?: number): Promise<void>;
}

/** A real Temporal server and a worker of the orchestration pool whose activities play scenes. */
export interface Stage {
  readonly client: Client;
  readonly address: string;
  readonly connection: NativeConnection;
  play(scene?: Scene, input?: Partial<OrchestrationInput>): Promise<Play>;
  close(): Promise<void>;
}

const nothing = () => {};
const SILENT = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

export async function openServer(): Promise<RunningTemporal & { remove(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'nubabel-stage-'));
  const server = await startTemporalServer({
    cli: testServers().temporalCli,
    port: await anyFreePort(),
    logFile: join(dir, 'temporal.log'),
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
  });
  return {
    ...server,
    remove: async () => {
      // Nobody reads it after this; asked to leave in order it takes two seconds.
      server.kill();
      await server.exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export const beSilent = () => Runtime.install({ logger: SILENT });

export async function openStage(cachedWorkflows = 100): Promise<Stage> {
  beSilent();
  const [server, bundle] = await Promise.all([openServer(), buildWorkflowBundle()]);
  const connection = await NativeConnection.connect({ address: server.address });
  const clientConnection = await Connection.connect({ address: server.address });
  const client = new Client({ connection: clientConnection });
  const actors = createActors();
  const worker = await createOrchestrationWorker({
    connection,
    namespace: 'default',
    activities: actors.activities satisfies Activities,
    dataConverter: createDataConverter(),
    workflows: { codePath: bundle.path },
    cachedWorkflows,
    concurrency: 50,
  });
  const running = worker.run();
  return {
    client,
    connection,
    address: server.address,
    play: (scene = {}, input = {}) => play(client, actors, scene, input),
    close: async () => {
      await stop(worker, running);
      await clientConnection.close();
      await connection.close();
      await server.remove();
      await Runtime.instance().shutdown();
    },
  };
}

export async function stop(worker: Worker, running: Promise<void>): Promise<void> {
  if (worker.getState() === 'RUNNING') worker.shutdown();
  await running;
}

async function play(
  client: Client,
  actors: ReturnType<typeof createActors>,
  scene: Scene,
  input: Partial<OrchestrationInput>,
): Promise<Play> {
  const orchestrationId = randomUUID();
  const { calls } = actors.open(orchestrationId, scene);
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
