import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { CancelRequest, DecisionRequest } from '../../contracts/approval.ts';
import { EffectCounts } from '../../contracts/effects.ts';
import { isFinal, JobStatus, JobStatusName } from '../../contracts/orchestration.ts';
import { agentAmong } from '../../contracts/agents.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { membersOnly } from '../middleware/authenticate.ts';
import { SteeringMode, SteerRequest } from '../../contracts/steering.ts';
import { decide } from '../../domain/approvals/decide.ts';
import { cancelJob, readCancelReceipt, type CancelDeps } from '../../domain/orchestrations/cancel.ts';
import { JOBS_LOOKED_AT, readJob, readJobs } from '../../domain/orchestrations/read-jobs.ts';
import { steerJob, type SteerDeps } from '../../domain/steering/steer.ts';
import { lastEventId, LastEventHeader, LastEventQuery, streamEvents, type StreamDeps } from '../sse/stream.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const params = z.object({ jobId: z.string() });
const Verdict = z.object({ jobId: z.string(), status: JobStatusName }).meta({ id: 'Verdict' });
const Cancelled = Verdict.extend({
  changes: EffectCounts.optional().describe('What the job has changed outside by now, as its `effects`'),
  undo: z.string().optional().describe('How changes are undone, if any can be and you may: once the job is over'),
  note: z.string().optional().describe('The work is still ending, so the numbers may grow'),
}).meta({ id: 'Cancelled' });
const SteerAnswer = z
  .object({ jobId: z.string(), steeringId: z.string(), mode: SteeringMode, status: z.literal('pending') })
  .meta({ id: 'Steered' });
const Job = JobStatus.meta({ id: 'JobStatus' });

const Moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

const list = ({ agents }: Pick<ApiDeps, 'agents'>) =>
  createRoute({
    method: 'get',
    path: '/',
    tags: ['Jobs'],
    summary: 'List the newest jobs that fit',
    description:
      '`status` may name several, with commas. `since` and `until` are days or moments (UTC unless told), `until` not ' +
      'included. `text` is looked for in requests and answers. `before` takes `next` of the page before; null means that ' +
      `there is no more. For \`agent\` and \`text\` (and \`status\`, for whoever does not see all work) ${JOBS_LOOKED_AT} jobs are ` +
      'looked at for one page: it may be shorter than `limit`, even empty, and `next` goes on from there.',
    security: BEARER,
    request: {
      query: z.object({
        limit: z.coerce.number().int().min(1).max(100).default(20),
        status: z
          .string()
          .transform((text) => text.split(','))
          .pipe(z.array(JobStatusName))
          .optional(),
        agent: agentAmong(agents.keys()).optional(),
        since: Moment.optional(),
        until: Moment.optional(),
        text: z.string().trim().min(1).max(200).optional(),
        before: z.string().optional(),
      }),
    },
    responses: {
      200: jsonResponse(z.object({ jobs: z.array(Job), next: z.string().nullable() }), 'The newest first'),
      ...PROBLEMS,
    },
  });

const status = createRoute({
  method: 'get',
  path: '/{jobId}/status',
  tags: ['Jobs'],
  summary: 'Read a job',
  security: BEARER,
  request: { params },
  responses: { 200: jsonResponse(Job, 'The job as it is now'), ...PROBLEMS },
});

const progress = createRoute({
  method: 'get',
  path: '/{jobId}/progress',
  tags: ['Jobs'],
  summary: 'Follow a job (Server-Sent Events)',
  description:
    'Replays from the beginning or after Last-Event-ID, then live; ends with the job. Heartbeat every 25 s. 204 when the ' +
    'job is over and everything of it has been seen: there is nothing to come back for.',
  security: BEARER,
  request: { params, query: LastEventQuery, headers: LastEventHeader },
  responses: {
    204: { description: 'Nothing more will come' },
    200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
    ...PROBLEMS,
  },
});

const decision = {
  method: 'post' as const,
  tags: ['Jobs'],
  security: BEARER,
  responses: { 200: jsonResponse(Verdict, 'It counts'), ...PROBLEMS },
};

const approve = createRoute({
  ...decision,
  middleware: [membersOnly] as const,
  path: '/{jobId}/approve',
  summary: 'Approve what a job waits for',
  description: '`hash` is the `approval.hash` of the job as you have read it: what has changed since is not approved.',
  request: {
    params,
    body: {
      required: true,
      content: { 'application/json': { schema: DecisionRequest.meta({ id: 'DecisionRequest' }) } },
    },
  },
});

const cancel = createRoute({
  ...decision,
  middleware: [membersOnly] as const,
  path: '/{jobId}/cancel',
  summary: 'Cancel a job, or answer CANCEL to its approval',
  description: 'The answer says what the job has changed outside by now, and how that is undone.',
  responses: { 200: jsonResponse(Cancelled, 'It counts'), ...PROBLEMS },
  request: {
    params,
    body: {
      required: false,
      content: { 'application/json': { schema: CancelRequest.meta({ id: 'CancelRequest' }) } },
    },
  },
});

const steer = createRoute({
  method: 'post',
  path: '/{jobId}/steer',
  tags: ['Jobs'],
  summary: 'Send a message to running work: steer it, stop it, or replan its remaining steps',
  description:
    'Taken up at the next step boundary; the job shows the message as pending, then as delivered. Nothing but a word like ' +
    'APPROVE, CANCEL, UNDO or HELP is not told to the work: 400 `reserved-word` says where it counts.',
  security: BEARER,
  middleware: [membersOnly] as const,
  request: {
    params,
    body: { required: true, content: { 'application/json': { schema: SteerRequest.meta({ id: 'SteerRequest' }) } } },
  },
  responses: { 202: jsonResponse(SteerAnswer, 'It is written down and the work knows of it'), ...PROBLEMS },
});

interface JobDeps extends CancelDeps, SteerDeps, StreamDeps, Pick<ApiDeps, 'agents'> {
  readonly workflows: CancelDeps['workflows'] & SteerDeps['workflows'];
}

/** Jobs: orchestrations as REST calls them. */
export const jobRoutes = (deps: JobDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(list(deps), async (c) => {
      const { status: statuses, ...filter } = c.req.valid('query');
      return c.json(await readJobs(deps, c.get('principal'), { ...filter, statuses }), 200);
    })
    .openapi(status, async (c) => c.json(await readJob(deps, c.get('principal'), c.req.valid('param').jobId), 200))
    .openapi(progress, async (c) => {
      const { jobId } = c.req.valid('param');
      lastEventId(c);
      const job = await readJob(deps, c.get('principal'), jobId);
      return streamEvents(c, deps, { orchestrationId: jobId, over: isFinal(job.status) });
    })
    .openapi(approve, async (c) => {
      const { jobId } = c.req.valid('param');
      const status = await decide(deps, c.get('principal'), jobId, { ...c.req.valid('json'), verdict: 'approve' });
      return c.json({ jobId, status }, 200);
    })
    .openapi(steer, async (c) => {
      const { jobId } = c.req.valid('param');
      return c.json({ jobId, ...(await steerJob(deps, c.get('principal'), jobId, c.req.valid('json'))) }, 202);
    })
    .openapi(cancel, async (c) => {
      const { jobId } = c.req.valid('param');
      const by = c.get('principal');
      const status = await cancelJob(deps, by, jobId, c.req.valid('json') ?? {});
      return c.json({ jobId, status, ...(await readCancelReceipt(deps, by, jobId)) }, 200);
    });
