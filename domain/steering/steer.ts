import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { FAILURE } from '../../contracts/failures.ts';
import { isFinal, type JobStatusName } from '../../contracts/orchestration.ts';
import { type Principal, invalidField, RequestError } from '../../contracts/request.ts';
import type { SteerRequest, SteeringMode } from '../../contracts/steering.ts';
import type { OrchestrationTarget, SteeringMessage } from '../../contracts/workflow.ts';
import { isUuid, withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { changeOrchestration, getOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { insertAudit, rolesOf } from '../../db/queries/organizations.ts';
import { dropSteering, findSteering, insertSteering } from '../../db/queries/steering.ts';
import { auditUnseen, findJobFor } from '../access/access.ts';
import { auditRefusal } from '../audit.ts';
import type { DatabaseDeps, WakeDeps } from '../deps.ts';
import { recordDelivery, type DispatchDeps, DIRECT, type Entry } from '../inbox/dispatcher.ts';
import { refuseReservedSteering } from '../orchestrations/accept.ts';
import type { WorkflowAnswer, WorkflowPort } from '../orchestrations/workflow-port.ts';

export interface SteerDeps extends DatabaseDeps, WakeDeps, DispatchDeps {
  readonly workflows: Pick<WorkflowPort, 'steer'>;
}

interface Steered {
  readonly steeringId: string;
  readonly mode: SteeringMode;
  readonly status: 'pending';
}

type Asking = { readonly userId: string; readonly role: string };

/** Who may steer: the person who asked, and admins. */
export const maySteer = ({ role, userId }: Asking, { user_id: askerId }: Pick<Orchestration, 'user_id'>): boolean =>
  role === 'admin' || (role !== 'guest' && userId === askerId);

/**
 * Gives a person's message to running work, from whatever entry: written down first, then told to the workflow, which
 * takes it up at the next step boundary.
 * @throws RequestError 404 for an unknown job, 403 when it is somebody else's, 400 for nothing but a word that counts
 *   elsewhere (Slack has answered it before), 409 when it is over, 503 when a direct one could not be told; then the
 *   message is dropped.
 */
export async function steerJob(
  deps: SteerDeps,
  principal: Principal,
  jobId: string,
  { message, mode }: SteerRequest,
  entry: Entry = DIRECT,
): Promise<Steered> {
  const { organizationId } = principal;
  const job = await withOrganization(deps.db, organizationId, (trx) =>
    findJobFor(trx, principal, jobId, entry.via),
  ).catch((error: unknown) => auditUnseen(deps, principal, ['job.steer', jobId], error));
  if (!maySteer(principal, job))
    return auditRefusal(
      deps,
      principal,
      ['job.steer', jobId],
      new RequestError('forbidden', 'Only the person who asked or an admin may steer this job.'),
      { mode, via: entry.via },
    );
  if (message.length === 0 && mode !== 'stop') throw invalidField('message', 'Say what should change.');
  if (entry.kind === 'direct') refuseReservedSteering({ message, mode });
  if (isFinal(job.status)) throw over(job.status);
  const steered: Steered = { steeringId: randomUUID(), mode, status: 'pending' };
  const text = { id: steered.steeringId, mode, message };
  await (entry.kind === 'direct' ? tell(deps, principal, job, text) : record(deps, principal, job, { ...text, entry }));
  return steered;
}

/**
 * Whether a message to the work is one that somebody has said who may say it still: whoever reaches Temporal can send one.
 * Others are written down.
 */
export const isSteeringAccepted = (
  { db }: DatabaseDeps,
  { organizationId, orchestrationId, message }: OrchestrationTarget & { message: SteeringMessage },
): Promise<boolean> =>
  withOrganization(db, organizationId, async (trx) => {
    const said = isUuid(message.id) ? await findSteering(trx, message.id) : undefined;
    const isSaid = said?.orchestration_id === orchestrationId && said.mode === message.mode;
    const userId = isSaid ? said.user_id : null;
    const role = userId && (await rolesOf(trx, [userId])).get(userId);
    if (userId && role && maySteer({ userId, role }, await getOrchestration(trx, orchestrationId))) return true;
    await insertAudit(trx, {
      organization_id: organizationId,
      id: randomUUID(),
      user_id: userId,
      action: 'job.steer',
      subject: orchestrationId,
      outcome: 'rejected',
      details: JSON.stringify({ mode: message.mode, reason: 'It did not come from a person who may steer this work.' }),
    });
    return false;
  });

const over = (status: string) =>
  new RequestError('conflict', `The job is over: ${status}. Ask again in the same session to go on from its answer.`);

interface Text {
  readonly id: string;
  readonly mode: SteeringMode;
  readonly message: string;
}

/** The message, and that people see it as pending. @throws RequestError 409 when the work has ended meanwhile */
async function write(
  trx: OrganizationTransaction,
  { organizationId, userId }: Principal,
  orchestrationId: string,
  { id, mode, message, via }: Text & { readonly via: string },
): Promise<void> {
  await insertSteering(trx, {
    organization_id: organizationId,
    id,
    orchestration_id: orchestrationId,
    user_id: userId,
    via,
    mode,
    message,
  });
  const change = { organizationId, id: orchestrationId, set: {}, event: 'orchestration_progress' } as const;
  if (!(await changeOrchestration(trx, change))) throw over('ended');
}

const MAX_AGAIN = 5;
const AGAIN_MS = 300;

async function tell(deps: SteerDeps, principal: Principal, job: Orchestration, text: Text): Promise<void> {
  const { organizationId } = principal;
  await withOrganization(deps.db, organizationId, (trx) => write(trx, principal, job.id, { ...text, via: 'rest' }));
  try {
    const { id, mode } = text;
    const steer = () => deps.workflows.steer({ organizationId, orchestrationId: job.id }, { id, mode });
    let answer = await steer();
    // What was just accepted may not have been started yet.
    for (let again = 0; answer.status === 'not_found' && job.status === 'pending' && again < MAX_AGAIN; again++) {
      await delay(AGAIN_MS);
      answer = await steer();
    }
    if (answer.status === 'done') return;
    await withOrganization(deps.db, organizationId, (trx) => dropSteering(trx, id));
    throw toRefusal(answer, job.status);
  } finally {
    deps.wakeReaders(organizationId);
  }
}

/** One that has come before is left alone: it was told then. */
async function record(
  deps: SteerDeps,
  principal: Principal,
  { id: orchestrationId }: Orchestration,
  { entry, ...text }: Text & { readonly entry: Extract<Entry, { kind: 'recorded' }> },
): Promise<void> {
  const { organizationId } = principal;
  const { via: source, keys } = entry;
  const body = { id: text.id, mode: text.mode };
  const delivery = { organizationId, id: randomUUID(), source, kind: 'steering', orchestrationId, body, keys } as const;
  const isNew = await withOrganization(deps.db, organizationId, async (trx) => {
    if (!(await recordDelivery(trx, delivery))) return false;
    await write(trx, principal, orchestrationId, { ...text, via: source });
    return true;
  });
  if (!isNew) return;
  deps.wakeReaders(organizationId);
  await deps.dispatcher.now(delivery);
}

function toRefusal(answer: WorkflowAnswer<void>, status: JobStatusName): RequestError {
  if (answer.status === 'not_found' && status !== 'pending') return over('ended');
  const type = answer.status === 'refused' ? answer.type : undefined;
  if (type === FAILURE.alreadyOver) return over('ended');
  if (type === FAILURE.tooManyMessages)
    return new RequestError('conflict', 'This job has taken as many messages as one job takes. Stop it or let it end.');
  return new RequestError(
    'unavailable',
    'The job could not be told just now, and your words were dropped. Please try again.',
  );
}
