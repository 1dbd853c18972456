import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createDataConverter } from '../../adapters/temporal/payload-codec.ts';
import { loadSettings } from '../../config.ts';
import type { Accepted, JobStatus, OrchestrateRequest } from '../../contracts/orchestration.ts';
import { orchestrationWorkflowId } from '../../contracts/queues.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import { startChild, type RunningChild } from '../../dev/child.ts';
import { createFakeModel, type FakeModel, type FakeModelOptions } from '../../dev/fakes/model/index.ts';
import { createFakeSlack, type FakeSlack, type FakeSlackOptions } from '../../dev/fakes/slack/index.ts';
import { anyFreePort } from '../../dev/ports.ts';
import { startTemporalServer, type RunningTemporal } from '../../dev/temporal/server.ts';
import { DEFAULT_ORGANIZATION_ID } from '../../domain/organizations/bootstrap.ts';
import { buildWorkflowBundle } from '../../workers/bundle.ts';
import { openTestDatabase, testServers, type TestDatabase } from './database.ts';
import { specialist } from './replies.ts';

export interface HouseOptions {
  /** Settings of the API and the worker beyond the usual. */
  readonly env?: Record<string, string>;
  readonly model?: FakeModelOptions;
  readonly slack?: FakeSlackOptions;
}

type Part = 'api' | 'api-2' | 'worker' | 'worker-2' | 'temporal';

/** The whole product as processes of its own, on real servers, with fakes that keep score. */
export interface House {
  readonly url: string;
  readonly token: string;
  readonly model: FakeModel;
  readonly slack: FakeSlack;
  readonly database: TestDatabase;
  readonly temporal: Client;
  /** Of a job of the default organization. */
  workflowId(jobId: string): string;
  /** Of the Temporal server, for its command line. */
  readonly address: string;
  readonly dir: string;
  request(path: string, init?: RequestInit): Promise<Response>;
  ask(message: string, more?: Partial<OrchestrateRequest>): Promise<Accepted>;
  status(jobId: string): Promise<JobStatus>;
  /** The job once it fits; fails with the job as it is when that takes too long. */
  jobWhen(jobId: string, fits: (job: JobStatus) => boolean, withinMs?: number): Promise<JobStatus>;
  ended(jobId: string, withinMs?: number): Promise<JobStatus>;
  start(part: Part, env?: Record<string, string>): Promise<void>;
  /** SIGKILL, and the port is free when this resolves. */
  kill(part: Part): Promise<void>;
  /** Lets a process stand still, and go on. */
  signal(part: Part, signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Stops a process in order and starts it with other settings. */
  restart(part: Part, env?: Record<string, string>): Promise<void>;
  /** Resolves when the process has ended by itself. */
  died(part: Part): Promise<string>;
  close(): Promise<void>;
}

/** Opens a house. Each test file opens its own and closes it at the end. */
export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const dir = mkdtempSync(join(tmpdir(), 'nubabel-house-'));
  chmodSync(dir, 0o755);
  const [database, model, apiPort, temporalPort, bundle] = await Promise.all([
    openTestDatabase(),
    createFakeModel({ respond: specialist(), logPath: join(dir, 'model.jsonl'), ...options.model }),
    anyFreePort(),
    anyFreePort(),
    buildWorkflowBundle(),
  ]);
  const url = `http://127.0.0.1:${apiPort}`;
  const slack = await createFakeSlack({
    eventsUrl: `${url}/api/slack/events`,
    retryDelaysMs: [0, 300, 600],
    logPath: join(dir, 'slack.jsonl'),
    ...options.slack,
  });
  const token = `test-${randomUUID()}`;
  const address = `127.0.0.1:${temporalPort}`;
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    PORT: String(apiPort),
    LOG_LEVEL: 'info',
    DATABASE_URL: database.appUrl,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: 'default',
    ANTHROPIC_API_KEY: 'sk-test',
    ANTHROPIC_BASE_URL: model.url,
    SLACK_BOT_TOKEN: 'xoxb-demo',
    SLACK_SIGNING_SECRET: 'demo-signing-secret',
    SLACK_API_URL: slack.apiUrl,
    NUBABEL_DEV_TOKEN: token,
    NUBABEL_WORKFLOW_BUNDLE: bundle.path,
    ...options.env,
  };
  const parts = createParts({ dir, env, temporalPort });
  const close = async () => {
    await parts.stop();
    await Promise.all([model.close(), slack.close(), database.drop()]);
  };
  try {
    await parts.start('temporal');
    await Promise.all([parts.start('api'), parts.start('worker')]);
  } catch (error) {
    await close();
    throw error;
  }
  const connection = Connection.lazy({ address });
  const dataConverter = createDataConverter(loadSettings(env).PAYLOAD_KEYS);
  const temporal = new Client({ connection, namespace: env['TEMPORAL_NAMESPACE'], dataConverter });

  const request = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { ...init, headers: withToken(token, init) });
  const status = async (jobId: string) => (await (await request(`/api/jobs/${jobId}/status`)).json()) as JobStatus;
  const jobWhen: House['jobWhen'] = async (jobId, fits, withinMs = 30_000) => {
    let job = await status(jobId);
    for (const end = Date.now() + withinMs; !fits(job); job = await status(jobId)) {
      if (Date.now() > end) throw new Error(`The job never came to fit: ${JSON.stringify(job)}`);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    return job;
  };
  return {
    url,
    token,
    model,
    slack,
    database,
    temporal,
    address,
    dir,
    workflowId: (orchestrationId) =>
      orchestrationWorkflowId({ organizationId: DEFAULT_ORGANIZATION_ID, orchestrationId }),
    request,
    status,
    jobWhen,
    ended: (jobId, withinMs) => jobWhen(jobId, (job) => isFinal(job.status), withinMs),
    ask: async (message, more = {}) => {
      const answer = await request('/api/orchestrator/orchestrate', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ message, ...more }),
      });
      if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
      return (await answer.json()) as Accepted;
    },
    ...parts.doors,
    close: async () => {
      await connection.close();
      await close();
    },
  };
}

/** A token of the caller's own goes before the developer's. */
export function withToken(token: string, { headers }: RequestInit): Headers {
  const all = new Headers(headers);
  if (!all.has('authorization')) all.set('authorization', `Bearer ${token}`);
  return all;
}

interface PartsInput {
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly temporalPort: number;
}

/** The processes of a house, each in its own log file. */
function createParts({ dir, env, temporalPort }: PartsInput) {
  const running = new Map<Part, RunningChild | RunningTemporal>();

  async function start(part: Part, more: Record<string, string> = {}): Promise<void> {
    if (part === 'temporal') {
      const { temporalCli } = testServers();
      const logFile = join(dir, 'temporal.log');
      const dbFile = join(dir, 'temporal.db');
      running.set(part, await startTemporalServer({ cli: temporalCli, port: temporalPort, logFile, dbFile, env }));
      return;
    }
    const main = part.startsWith('api') ? 'api/main.ts' : 'workers/main.ts';
    const child = startChild({
      name: part,
      command: process.execPath,
      args: [main],
      env: { ...env, ...more },
      logFile: join(dir, `${part}.log`),
      readyWhen: 'message',
      stopWithinMs: 10_000,
    });
    running.set(part, child);
    await child.ready;
  }

  const restart = async (part: Part, more?: Record<string, string>) => {
    await running.get(part)?.stop();
    await start(part, more);
  };
  const signal = (part: Part, name: 'SIGSTOP' | 'SIGCONT') => {
    const child = running.get(part);
    if (!child || !('pid' in child)) throw new Error(`${part} does not run.`);
    process.kill(child.pid, name);
  };
  const kill = async (part: Part) => {
    const child = running.get(part);
    running.delete(part);
    child?.kill();
    await child?.exited;
  };
  return {
    start,
    doors: {
      start,
      kill,
      restart,
      signal,
      died: (part: Part) => running.get(part)?.exited ?? Promise.resolve('not running'),
    },
    stop: async () => {
      for (const part of ['api', 'api-2', 'worker', 'worker-2', 'temporal'] as const) await running.get(part)?.stop();
    },
  };
}
