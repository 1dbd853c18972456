import type { OrchestrationTarget } from '../../contracts/workflow.ts';
import type { House, HouseOptions } from '../support/house.ts';
import { analysisReply, askerOf, specialist } from '../support/replies.ts';

/** One run worth keeping. */
export interface Story {
  readonly name: string;
  readonly options?: HouseOptions;
  /** Plays it to its end and answers the job. */
  readonly play: (house: House) => Promise<string>;
  /** Of the workflow that is kept; the job's own unless told. */
  readonly workflowId?: (target: OrchestrationTarget) => string;
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

/** Requests without a plan. */
export const STORIES: readonly Story[] = [
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
