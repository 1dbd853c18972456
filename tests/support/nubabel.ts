import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createDataConverter } from '../../adapters/temporal/payload-codec.ts';
import { loadSettings } from '../../config.ts';
import { type Accepted, type JobStatus, type OrchestrateRequest, isFinal } from '../../contracts/orchestration.ts';
import { orchestrationWorkflowId } from '../../contracts/queues.ts';
import { createFakeModel, type FakeModel, type FakeModelOptions } from '../../dev/fakes/model/index.ts';
import { createFakeSlack, type FakeSlack, type FakeSlackOptions } from '../../dev/fakes/slack/index.ts';
import { anyFreePort } from '../../dev/ports.ts';
import { DEFAULT_ORGANIZATION_ID } from '../../domain/organizations/organizations.ts';
import { buildWorkflowBundle } from '../../workers/bundle.ts';
import { connectTestDatabase, openTestDatabase, testServers, type TestDatabase } from './database.ts';
import {
  createProcesses,
  environmentOf,
  type Processes,
  type Site,
  type TemporalSettings,
} from './nubabel-processes.ts';
import { specialist } from './replies.ts';
import { hasWorkLeft, resetSharedData } from './reused-data.ts';
import type { SharedSite } from './reused-nubabel.ts';

interface FakeOptions {
  readonly model?: FakeModelOptions;
  readonly slack?: FakeSlackOptions;
}

export interface NubabelOptions extends FakeOptions {
  /** Settings of the API and the worker beyond the usual. */
  readonly env?: Record<string, string>;
  readonly temporal?: TemporalSettings;
}

/** The whole product as processes of its own, on real servers, with fakes that keep score. */
export interface Nubabel extends Processes {
  readonly url: string;
  readonly token: string;
  readonly model: FakeModel;
  readonly slack: FakeSlack;
  readonly database: Omit<TestDatabase, 'drop'>;
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
  close(): Promise<void>;
}

/** A product of its own, for files that kill or restart processes or need settings that nobody else has. */
export async function startNubabel(options: NubabelOptions = {}): Promise<Nubabel> {
  const dir = mkdtempSync(join(tmpdir(), 'nubabel-test-'));
  chmodSync(dir, 0o755);
  const [database, apiPort, temporalPort, bundle] = await Promise.all([
    openTestDatabase(),
    anyFreePort(),
    anyFreePort(),
    buildWorkflowBundle(),
  ]);
  const site: Site = { dir, token: `test-${randomUUID()}`, apiPort, temporalPort };
  const fakes = await openFakes(site, options);
  const env = environmentOf({
    site,
    databaseUrl: database.appUrl,
    modelUrl: fakes.model.url,
    slackApiUrl: fakes.slack.apiUrl,
    bundlePath: bundle.path,
    more: options.env,
  });
  const processes = createProcesses(site, env, { ...options.temporal, cli: testServers().temporalCli });
  const close = async () => {
    await processes.stop();
    await Promise.all([fakes.close(), database.drop()]);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await processes.open();
  } catch (error) {
    await close();
    throw error;
  }
  return describeNubabel({ site, fakes, database, processes, env, close });
}

/**
 * The product that files of one jest worker use one after another, each with empty tables, empty logs and fakes of its
 * own. It may reach this machine and can seal secrets; nobody restarts it.
 */
export async function startSharedNubabel(options: FakeOptions = {}): Promise<Nubabel> {
  const site = await sharedNubabel<SharedSite>('reserve');
  const fakes = await openFakes(site, options, { model: site.modelPort, slack: site.slackPort });
  const database = connectTestDatabase(site);
  try {
    await resetSharedData(database, site.token, () => sharedNubabel<{ isNew: boolean }>('open'));
  } catch (error) {
    await Promise.all([fakes.close(), database.close()]);
    throw error;
  }
  const nubabel: Nubabel = describeNubabel({
    site,
    fakes,
    database,
    processes: UNTOUCHABLE,
    env: { DATABASE_URL: site.appUrl },
    close: async () => {
      // What is still under way would go on in the next file's time.
      await sharedNubabel((await hasWorkLeft(database, nubabel.temporal)) ? 'stop' : 'release');
      await Promise.all([fakes.close(), database.close()]);
    },
  });
  return nubabel;
}

const refuse = (): never => {
  throw new Error('A shared product keeps its processes as they are: open one with startNubabel.');
};
const UNTOUCHABLE: Processes = { start: refuse, kill: refuse, signal: refuse, restart: refuse, died: refuse };

async function sharedNubabel<T>(verb: 'reserve' | 'open' | 'release' | 'stop'): Promise<T> {
  const { sharedHousesUrl } = testServers();
  const answer = await fetch(`${sharedHousesUrl}/${process.env['JEST_WORKER_ID'] ?? '1'}/${verb}`, { method: 'POST' });
  if (!answer.ok) throw new Error(`The shared product does not ${verb}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

interface Fakes {
  readonly model: FakeModel;
  readonly slack: FakeSlack;
  close(): Promise<void>;
}

async function openFakes(
  { dir, apiPort }: Site,
  options: FakeOptions,
  ports?: { model: number; slack: number },
): Promise<Fakes> {
  const logs = { model: join(dir, 'model.jsonl'), slack: join(dir, 'slack.jsonl') };
  for (const log of Object.values(logs)) rmSync(log, { force: true });
  const [model, slack] = await Promise.all([
    createFakeModel({ respond: specialist(), logPath: logs.model, port: ports?.model, ...options.model }),
    createFakeSlack({
      eventsUrl: `http://127.0.0.1:${apiPort}/api/slack/events`,
      retryDelaysMs: [0, 300, 600],
      logPath: logs.slack,
      port: ports?.slack,
      ...options.slack,
    }),
  ]);
  return { model, slack, close: async () => void (await Promise.all([model.close(), slack.close()])) };
}

interface Described {
  readonly site: Site;
  readonly fakes: Fakes;
  readonly database: Nubabel['database'];
  readonly processes: Processes;
  /** How the processes are set, as far as Temporal's client has to be set alike. */
  readonly env: NodeJS.ProcessEnv;
  readonly close: () => Promise<void>;
}

function describeNubabel({ site, fakes, database, processes, env, close }: Described): Nubabel {
  const { dir, token } = site;
  const url = `http://127.0.0.1:${site.apiPort}`;
  const address = `127.0.0.1:${site.temporalPort}`;
  const connection = Connection.lazy({ address });
  const dataConverter = createDataConverter(loadSettings(env).PAYLOAD_KEYS);
  const namespace = env['TEMPORAL_NAMESPACE'] ?? 'default';
  const request = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { ...init, headers: withToken(token, init) });
  const status = async (jobId: string) => (await (await request(`/api/jobs/${jobId}/status`)).json()) as JobStatus;
  const jobWhen: Nubabel['jobWhen'] = async (jobId, fits, withinMs = 30_000) => {
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
    model: fakes.model,
    slack: fakes.slack,
    database,
    temporal: new Client({ connection, namespace, dataConverter }),
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
    start: processes.start,
    kill: processes.kill,
    signal: processes.signal,
    restart: processes.restart,
    died: processes.died,
    close: async () => {
      await close();
      await connection.close();
    },
  };
}

/** A token of the caller's own goes before the developer's. */
export function withToken(token: string, { headers }: RequestInit): Headers {
  const all = new Headers(headers);
  if (!all.has('authorization')) all.set('authorization', `Bearer ${token}`);
  return all;
}
