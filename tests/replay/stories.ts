import type { OrchestrationTarget } from '../../contracts/workflow.ts';
import { answer } from '../support/approvals.ts';
import type { Nubabel, NubabelOptions } from '../support/nubabel.ts';
import { analysisReply, askerOf, specialist } from '../support/replies.ts';

/** One run worth keeping. */
export interface Story {
  readonly name: string;
  readonly options?: NubabelOptions;
  /** Plays it to its end and answers the job. */
  readonly play: (nubabel: Nubabel) => Promise<string>;
  /** Of the workflow that is kept; the job's own unless told. */
  readonly workflowId?: (target: OrchestrationTarget) => string;
}

const overloaded = { error: { status: 400, type: 'invalid_request_error', message: 'No.' } };
const isWaiting = ({ status }: { status: string }) => status === 'awaiting_approval';

const decided = async (nubabel: Nubabel, verb: 'approve' | 'cancel'): Promise<string> => {
  const { jobId } = await nubabel.ask('Plan the launch', { agents: ['brand', 'finance'], requireApproval: true });
  await nubabel.jobWhen(jobId, isWaiting);
  await answer(nubabel, jobId, verb);
  await nubabel.ended(jobId);
  return jobId;
};

/** A mention that the local router is sure of: no model is asked what it means. */
async function mentionUnderstoodHere(nubabel: Nubabel): Promise<string> {
  const channel = 'C_LAUNCH';
  const text = 'Fix the bug in the login API and write a test for it';
  const { ts } = await nubabel.slack.mention({ user: 'U_ADA', channel, text });
  await nubabel.slack.waitForMessage({ channel, thread: ts, where: ({ text }) => text.includes('✅') }, 30_000);
  return jobOf(nubabel, `slack_thread_ts = '${ts}'`);
}

/** Requests without a plan. */
export const STORIES: readonly Story[] = [
  {
    name: 'simple',
    play: async (nubabel) => {
      const { jobId } = await nubabel.ask('What should we do about it?');
      await nubabel.ended(jobId);
      return jobId;
    },
  },
  {
    name: 'sequential',
    play: async (nubabel) => {
      const more = { agents: ['brand' as const, 'finance' as const, 'ops' as const], mode: 'sequential' as const };
      const { jobId } = await nubabel.ask('Plan the launch', more);
      await nubabel.ended(jobId);
      return jobId;
    },
  },
  { name: 'approval-approved', play: (nubabel) => decided(nubabel, 'approve') },
  { name: 'approval-cancelled', play: (nubabel) => decided(nubabel, 'cancel') },
  {
    name: 'approval-expired',
    options: { env: { WORKFLOW_APPROVAL_TIMEOUT: '300' } },
    play: async (nubabel) => {
      const { jobId } = await nubabel.ask('Plan the launch', { agents: ['brand'], requireApproval: true });
      await nubabel.ended(jobId);
      return jobId;
    },
  },
  {
    name: 'cancelled-while-running',
    options: { model: { respond: (request) => (request.schema ? analysisReply() : { hang: true }) } },
    play: async (nubabel) => {
      const { jobId } = await nubabel.ask('Plan the launch', { agents: ['brand'] });
      await nubabel.model.waitForRequests(1);
      await nubabel.request(`/api/jobs/${jobId}/cancel`, { method: 'POST' });
      await nubabel.ended(jobId);
      return jobId;
    },
  },
  {
    name: 'slack',
    play: async (nubabel) => {
      const channel = 'C_LAUNCH';
      const { ts } = await nubabel.slack.mention({ user: 'U_ADA', channel, text: 'Write a tagline for our new logo' });
      await nubabel.slack.waitForMessage({ channel, thread: ts, where: ({ text }) => text.includes('✅') }, 30_000);
      return jobOf(nubabel, `slack_thread_ts = '${ts}'`);
    },
  },
  // As it was recorded before the first report waited for the route, and after.
  { name: 'slack-understood-here', play: mentionUnderstoodHere },
  { name: 'slack-first-shows-route', play: mentionUnderstoodHere },
  {
    name: 'slack-approved-in-thread',
    options: { env: { APPROVAL_THRESHOLD_CENTS: '0' } },
    play: async (nubabel) => {
      const said = { user: 'U_ADA', channel: 'C_LAUNCH' };
      const { ts } = await nubabel.slack.mention({ ...said, text: 'Write a tagline for our new logo' });
      const shows = (words: string) =>
        nubabel.slack.waitForMessage(
          { channel: said.channel, thread: ts, where: ({ text, bot_id: bot }) => Boolean(bot) && text.includes(words) },
          30_000,
        );
      await shows('APPROVE');
      await nubabel.slack.say({ ...said, text: 'APPROVE', thread_ts: ts });
      await shows('✅');
      return jobOf(nubabel, `slack_thread_ts = '${ts}'`);
    },
  },
  {
    name: 'failed-budget',
    options: { env: { DEFAULT_DAILY_BUDGET_CENTS: '0' } },
    play: async (nubabel) => {
      const { jobId } = await nubabel.ask('Plan the launch');
      await nubabel.ended(jobId);
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
    play: async (nubabel) => {
      const { jobId } = await nubabel.ask('Plan the launch', { agents: ['brand', 'finance'] });
      await nubabel.ended(jobId);
      return jobId;
    },
  },
];

async function jobOf(nubabel: Nubabel, where: string): Promise<string> {
  const [job] = await nubabel.database.look<{ id: string }>(`select id from orchestrations where ${where}`);
  if (!job) throw new Error(`There is no job where ${where}.`);
  return job.id;
}
