import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { DecisionRequest } from '../../contracts/approval.ts';
import { isFinal, JobStatus, JobStatusName } from '../../contracts/orchestration.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { costsOf } from '../../db/queries/budget.ts';
import { listHealingOf } from '../../db/queries/healing.ts';
import { findOrchestration, listOrchestrations, type Orchestration } from '../../db/queries/orchestrations.ts';
import { listPlansOf } from '../../db/queries/plans.ts';
import { listSteeringOf } from '../../db/queries/steering.ts';
import { listStepsOf } from '../../db/queries/steps.ts';
import { countEffects, listCallsOf } from '../../db/queries/tool-views.ts';
import { cancelJob, decide } from '../../domain/approvals/decide.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { membersOnly } from '../middleware/authenticate.ts';
import { notFound } from '../problems.ts';
import { SteeringMode, SteerRequest } from '../../contracts/steering.ts';
import { steerJob } from '../../domain/steering/steer.ts';
import { lastEventId, streamEvents } from '../sse/stream.ts';
import { toJobStatus } from '../views/job-status.ts';
import { BEARER, isUuid, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const params = z.object({ jobId: z.string() });
const Verdict = z.object({ jobId: z.string(), status: JobStatusName }).meta({ id: 'Verdict' });
const SteerAnswer = z
  .object({ jobId: z.string(), steeringId: z.string(), mode: SteeringMode, status: z.literal('pending') })
  .meta({ id: 'Steered' });
const Job = JobStatus.meta({ id: 'JobStatus' });

const list = createRoute({
  method: 'get',
  path: '/',
  tags: ['Jobs'],
  summary: 'List the newest jobs',
  security: BEARER,
  request: { query: z.object({ limit: z.coerce.number().int().min(1).max(100).default(20) }) },
  responses: { 200: jsonResponse(z.object({ jobs: z.array(Job) }), 'The newest first'), ...PROBLEMS },
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
  description: 'Replays from the beginning or after Last-Event-ID, then live; ends with the job. Heartbeat every 25 s.',
  security: BEARER,
  request: { params, headers: z.object({ 'last-event-id': z.string().optional() }) },
  responses: { 200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } }, ...PROBLEMS },
});

const decision = (verb: 'approve' | 'cancel', summary: string) =>
  createRoute({
    method: 'post',
    path: `/{jobId}/${verb}`,
    tags: ['Jobs'],
    summary,
    security: BEARER,
    middleware: [membersOnly] as const,
    request: {
      params,
      body: {
        required: false,
        content: { 'application/json': { schema: DecisionRequest.meta({ id: 'DecisionRequest' }) } },
      },
    },
    responses: { 200: jsonResponse(Verdict, 'It counts'), ...PROBLEMS },
  });

const steer = createRoute({
  method: 'post',
  path: '/{jobId}/steer',
  tags: ['Jobs'],
  summary: 'Say something to running work: steer it, stop it, or have the rest planned anew',
  description: 'Taken up at the next step boundary; the job shows the message as pending, then as delivered.',
  security: BEARER,
  middleware: [membersOnly] as const,
  request: {
    params,
    body: { required: true, content: { 'application/json': { schema: SteerRequest.meta({ id: 'SteerRequest' }) } } },
  },
  responses: { 202: jsonResponse(SteerAnswer, 'It is written down and the work knows of it'), ...PROBLEMS },
});

/** Jobs: orchestrations as REST calls them. */
export const jobRoutes = (deps: ApiDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(list, async (c) => {
      const jobs = await readJobs(deps, c.get('principal').organizationId, c.req.valid('query').limit);
      return c.json({ jobs }, 200);
    })
    .openapi(status, async (c) => {
      const job = await readJob(deps, c.get('principal').organizationId, c.req.valid('param').jobId);
      if (!job) throw notFound('job');
      return c.json(job, 200);
    })
    .openapi(progress, async (c) => {
      const { jobId } = c.req.valid('param');
      lastEventId(c);
      const job = await readJob(deps, c.get('principal').organizationId, jobId);
      if (!job) throw notFound('job');
      return streamEvents(c, deps, { orchestrationId: jobId, over: isFinal(job.status) });
    })
    .openapi(decision('approve', 'Approve what a job waits for'), async (c) => {
      const { jobId } = c.req.valid('param');
      if (!isUuid(jobId)) throw notFound('job');
      const answer = await decide(deps, c.get('principal'), jobId, { ...c.req.valid('json'), verdict: 'approve' });
      return c.json({ jobId, status: answer }, 200);
    })
    .openapi(steer, async (c) => {
      const { jobId } = c.req.valid('param');
      if (!isUuid(jobId)) throw notFound('job');
      return c.json({ jobId, ...(await steerJob(deps, c.get('principal'), jobId, c.req.valid('json'))) }, 202);
    })
    .openapi(decision('cancel', 'Cancel a job, or answer CANCEL to its approval'), async (c) => {
      const { jobId } = c.req.valid('param');
      if (!isUuid(jobId)) throw notFound('job');
      const answer = await cancelJob(deps, c.get('principal'), jobId, c.req.valid('json') ?? {});
      return c.json({ jobId, status: answer }, 200);
    });

async function readJob(deps: ApiDeps, organizationId: string, jobId: string): Promise<JobStatus | undefined> {
  if (!isUuid(jobId)) return undefined;
  return withOrganization(deps.db, organizationId, async (trx) => {
    const row = await findOrchestration(trx, jobId);
    return row && (await toJobs(trx, [row]))[0];
  });
}

const readJobs = (deps: ApiDeps, organizationId: string, limit: number): Promise<JobStatus[]> =>
  withOrganization(deps.db, organizationId, async (trx) => toJobs(trx, await listOrchestrations(trx, limit)));

/** Of each job in its status; `GET /api/jobs/:jobId/tool-calls` has them all. */
const SHOWN_CALLS = 50;

/** Jobs with all that belongs to them, in as many queries as for one. */
async function toJobs(trx: OrganizationTransaction, rows: readonly Orchestration[]): Promise<JobStatus[]> {
  const ids = rows.map(({ id }) => id);
  const planned = rows.filter(({ plan_decision }) => plan_decision?.used).map(({ id }) => id);
  const stepsOf = byJob(await listStepsOf(trx, ids));
  const steeringOf = byJob(await listSteeringOf(trx, ids));
  const healingOf = byJob(await listHealingOf(trx, ids));
  const planOf = byJob(await listPlansOf(trx, planned));
  const calls = await listCallsOf(trx, ids, SHOWN_CALLS);
  const callsOf = byJob(calls);
  // Effects come from calls: jobs without tools pay for one look only.
  const effectsOf = byJob(calls.length > 0 ? await countEffects(trx, ids) : []);
  const costs = await costsOf(trx, ids);
  return rows.map((row) =>
    toJobStatus(row, {
      steps: stepsOf(row),
      plan: planOf(row)[0],
      steering: steeringOf(row),
      healing: healingOf(row),
      calls: callsOf(row),
      effects: effectsOf(row)[0],
      costNanos: costs.get(row.id) ?? 0,
    }),
  );
}

const byJob = <T extends { orchestration_id: string }>(parts: readonly T[]) => {
  const groups = Map.groupBy(parts, ({ orchestration_id }) => orchestration_id);
  return ({ id }: Orchestration): readonly T[] => groups.get(id) ?? [];
};
