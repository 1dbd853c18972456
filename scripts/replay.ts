import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { Runtime, DefaultLogger } from '@temporalio/worker';
import { ConfigurationError, loadSettings, loadTemporal } from '../config.ts';
import { loadEnvFile } from '../dev/env-file.ts';
import { dataDirOf } from '../dev/paths.ts';
import { readRunningSystem } from '../dev/running.ts';
import { parseHistory, replayHistory, type History } from '../workers/bundle.ts';

const USAGE = `Replays a recorded run against today's code.
  npm run replay -- <workflow id | job id | file>`;

const CONNECT_MS = 10_000;

/** Exit code 0: today's code does what was recorded. 1: it does not, or there is no such history. */
async function main(args: string[]): Promise<void> {
  const [target, ...more] = args;
  if (!target || more.length > 0 || target.startsWith('-')) throw new ConfigurationError(USAGE);
  loadEnvFile();
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const { history, id } = existsSync(target) ? await readHistory(target) : await fetchHistory(target);
  await replayHistory(history, id, payloadKeys());
  process.stdout.write(`Replayed ${history.events?.length ?? 0} events of ${target}: today's code does the same.\n`);
}

async function readHistory(file: string): Promise<{ history: History; id: string }> {
  try {
    return { history: parseHistory(await readFile(file, 'utf8')), id: 'from-file' };
  } catch (error) {
    throw new ConfigurationError(`${file} holds no history as Temporal writes it: ${wordsOf(error)}`);
  }
}

const runningSystem = () => readRunningSystem(dataDirOf(loadSettings()));

/** Of the running system, or of the environment. */
function payloadKeys() {
  const { PAYLOAD_KEYS, env } = loadSettings();
  const running = runningSystem();
  return running ? loadSettings({ ...env, PAYLOAD_KEYS: running.payloadKeys }).PAYLOAD_KEYS : PAYLOAD_KEYS;
}

/**
 * From the running system's own Temporal, or from the one that the environment names, with its TLS and its key. A job id
 * is good enough.
 */
async function fetchHistory(target: string): Promise<{ history: History; id: string }> {
  const running = runningSystem();
  const { connectionOptions, namespace } = running?.temporalConfigFile
    ? { connectionOptions: { address: running.temporalAddress }, namespace: running.temporalNamespace }
    : loadTemporal();
  const connection = await connect(connectionOptions);
  try {
    const client = new Client({ connection, namespace: namespace ?? 'default' });
    const id = /^[0-9a-f-]{36}$/.test(target) ? await findWorkflowId(client, target) : target;
    return { history: await client.workflow.getHandle(id).fetchHistory(), id };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new ConfigurationError(
      `There is no run ${target} in Temporal, and no file of that name. Name a job, a workflow or a file with a history.`,
    );
  } finally {
    await connection.close();
  }
}

async function connect(options: ReturnType<typeof loadTemporal>['connectionOptions']): Promise<Connection> {
  try {
    return await Connection.connect({ ...options, connectTimeout: CONNECT_MS });
  } catch (error) {
    const address = options.address ?? 'localhost:7233';
    throw new ConfigurationError(
      `Temporal at ${address} does not answer (${wordsOf(error)}). Start Nubabel with npm start, set TEMPORAL_ADDRESS, or name a file.`,
    );
  }
}

const wordsOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

/** Workflow ids begin with the job and end with the organization, which does not have to be typed. */
async function findWorkflowId(client: Client, jobId: string): Promise<string> {
  const query = `WorkflowId STARTS_WITH "orchestration-${jobId}"`;
  for await (const { workflowId } of client.workflow.list({ query })) return workflowId;
  throw new ConfigurationError(`There is no run of the job ${jobId}.`);
}

const given = process.argv.slice(2);
if (given.includes('--help') || given.includes('-h')) process.stdout.write(`${USAGE}\n`);
else
  await main(given).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
