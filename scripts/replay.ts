import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { Runtime, DefaultLogger } from '@temporalio/worker';
import { ConfigurationError, loadConfig, loadSettings } from '../config.ts';
import { readRunningSystem } from '../dev/running.ts';
import { parseHistory, replayHistory, type History } from '../workers/replay.ts';

const USAGE = `Replays a recorded run against today's code.
  npm run replay -- <workflow id | job id | file>`;

/** Exit code 0: today's code does what was recorded. 1: it does not, or there is no such history. */
async function main(target: string | undefined): Promise<void> {
  if (!target) throw new ConfigurationError(USAGE);
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const { history, id } = existsSync(target)
    ? { history: parseHistory(await readFile(target, 'utf8')), id: 'from-file' }
    : await fetchHistory(target);
  await replayHistory(history, id, payloadKeys());
  process.stdout.write(`Replayed ${history.events?.length ?? 0} events of ${target}: today's code does the same.\n`);
}

/** Of the running system, or of the environment. */
function payloadKeys() {
  const { NUBABEL_DATA_DIR, PAYLOAD_KEYS, env } = loadSettings();
  const running = readRunningSystem(NUBABEL_DATA_DIR);
  return running ? loadSettings({ ...env, PAYLOAD_KEYS: running.payloadKeys }).PAYLOAD_KEYS : PAYLOAD_KEYS;
}

/** From the running system, or from the one that the environment names. A job id is good enough. */
async function fetchHistory(target: string): Promise<{ history: History; id: string }> {
  const running = readRunningSystem(loadSettings().NUBABEL_DATA_DIR);
  const { connectionOptions, namespace } = running
    ? { connectionOptions: { address: running.temporalAddress }, namespace: running.temporalNamespace }
    : loadConfig().temporal;
  const connection = await Connection.connect(connectionOptions);
  try {
    const client = new Client({ connection, namespace: namespace ?? 'default' });
    const id = /^[0-9a-f-]{36}$/.test(target) ? await findWorkflowId(client, target) : target;
    return { history: await client.workflow.getHandle(id).fetchHistory(), id };
  } finally {
    await connection.close();
  }
}

/** Workflow ids begin with the job and end with the organization, which does not have to be typed. */
async function findWorkflowId(client: Client, jobId: string): Promise<string> {
  const query = `WorkflowId STARTS_WITH "orchestration-${jobId}"`;
  for await (const { workflowId } of client.workflow.list({ query })) return workflowId;
  throw new ConfigurationError(`There is no run of the job ${jobId}.`);
}

await main(parseArgs({ allowPositionals: true }).positionals[0]).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
