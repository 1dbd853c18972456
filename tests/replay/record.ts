import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { orchestrationWorkflowId } from '../../contracts/queues.ts';
import { openHouse, type House, type HouseOptions } from '../support/house.ts';
import { analysisReply, askerOf, specialist } from '../support/replies.ts';
import startServers from '../support/servers.ts';
import stopServers from '../support/stop-servers.ts';

const ROOT = `${process.cwd()}/`;

/**
 * `node tests/replay/record.ts`: records the histories that are not there yet, from the whole product on real servers.
 * A kept history is never recorded again: it stands for runs that are still going on somewhere.
 */
const HISTORIES = fileURLToPath(new URL('./histories/', import.meta.url));

interface Story {
  readonly name: string;
  readonly options?: HouseOptions;
  /** Plays it to its end and answers the job. */
  readonly play: (house: House) => Promise<string>;
}

const overloaded = { error: { status: 400, type: 'invalid_request_error', message: 'No.' } };
const isWaiting = ({ status }: { status: string }) => status === 'awaiting_approval';

const decided = async (house: House, verb: 'approve' | 'cancel'): Promise<string> => {
  const { jobId } = await house.ask('Plan the launch', { agents: ['brand', 'finance'], requireApproval: true });
  await house.jobWhen(jobId, isWaiting);
  await house.request(`/api/jobs/${jobId}/${verb}`, { method: 'POST' });
  await house.ended(jobId);
  return jobId;
};

const STORIES: readonly Story[] = [
  {
    name: 'simple',
    play: async (house) => {
      const { jobId } = await house.ask('What should we do about it?');
      await house.ended(jobId);
      return jobId;
    },
  },
  {
    name: 'sequential',
    play: async (house) => {
      const more = { agents: ['brand' as const, 'finance' as const, 'ops' as const], mode: 'sequential' as const };
      const { jobId } = await house.ask('Plan the launch', more);
      await house.ended(jobId);
      return jobId;
    },
  },
  { name: 'approval-approved', play: (house) => decided(house, 'approve') },
  { name: 'approval-cancelled', play: (house) => decided(house, 'cancel') },
  {
    name: 'approval-expired',
    options: { env: { WORKFLOW_APPROVAL_TIMEOUT: '300' } },
    play: async (house) => {
      const { jobId } = await house.ask('Plan the launch', { agents: ['brand'], requireApproval: true });
      await house.ended(jobId);
      return jobId;
    },
  },
  {
    name: 'cancelled-while-running',
    options: { model: { respond: (request) => (request.schema ? analysisReply() : { hang: true }) } },
    play: async (house) => {
      const { jobId } = await house.ask('Plan the launch', { agents: ['brand'] });
      await house.model.waitForRequests(1);
      await house.request(`/api/jobs/${jobId}/cancel`, { method: 'POST' });
      await house.ended(jobId);
      return jobId;
    },
  },
  {
    name: 'slack',
    play: async (house) => {
      const channel = 'C_LAUNCH';
      const { ts } = await house.slack.mention({ user: 'U_ADA', channel, text: 'Write a tagline for our new logo' });
      await house.slack.waitForMessage({ channel, thread: ts, where: ({ text }) => text.includes('✅') }, 30_000);
      return jobOf(house, `slack_thread_ts = '${ts}'`);
    },
  },
  {
    name: 'slack-approved-in-thread',
    options: { env: { APPROVAL_THRESHOLD_CENTS: '0' } },
    play: async (house) => {
      const said = { user: 'U_ADA', channel: 'C_LAUNCH' };
      const { ts } = await house.slack.mention({ ...said, text: 'Write a tagline for our new logo' });
      const shows = (words: string) =>
        house.slack.waitForMessage(
          { channel: said.channel, thread: ts, where: ({ text, bot_id: bot }) => Boolean(bot) && text.includes(words) },
          30_000,
        );
      await shows('APPROVE');
      await house.slack.say({ ...said, text: 'APPROVE', thread_ts: ts });
      await shows('✅');
      return jobOf(house, `slack_thread_ts = '${ts}'`);
    },
  },
  {
    name: 'failed-budget',
    options: { env: { DEFAULT_DAILY_BUDGET_CENTS: '0' } },
    play: async (house) => {
      const { jobId } = await house.ask('Plan the launch');
      await house.ended(jobId);
      return jobId;
    },
  },
  {
    name: 'partial',
    options: {
      model: {
        respond: (request) => (askerOf(request) === 'finance' ? overloaded : specialist()(request)),
      },
    },
    play: async (house) => {
      const { jobId } = await house.ask('Plan the launch', { agents: ['brand', 'finance'] });
      await house.ended(jobId);
      return jobId;
    },
  },
];

async function jobOf(house: House, where: string): Promise<string> {
  const [job] = await house.database.look<{ id: string }>(`select id from orchestrations where ${where}`);
  if (!job) throw new Error(`There is no job where ${where}.`);
  return job.id;
}

async function record({ name, options, play }: Story): Promise<void> {
  const file = `${HISTORIES}${name}.json`;
  if (existsSync(file)) return void process.stdout.write(`${name}: is kept as it is\n`);
  const house = await openHouse(options);
  try {
    const handle = house.temporal.workflow.getHandle(orchestrationWorkflowId(await play(house)));
    // The row is final before the workflow has closed.
    await handle.result().catch(() => undefined);
    // Stacks name where this checkout lies, which is nobody's business and replays nothing.
    const history = historyToJSON(await handle.fetchHistory());
    writeFileSync(file, history.replaceAll(`file://${ROOT}`, '').replaceAll(ROOT, ''), { flag: 'wx' });
    process.stdout.write(`${name}: recorded\n`);
  } finally {
    await house.close();
  }
}

const fail = (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
};

await startServers();
try {
  for (const story of STORIES) await record(story).catch(fail);
} finally {
  await stopServers();
}
