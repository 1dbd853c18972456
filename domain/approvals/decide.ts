import { ownValue } from '../../contracts/json.ts';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { mayAnswer } from '../../contracts/approval-rules.ts';
import type { CancelRequest } from '../../contracts/approval.ts';
import { FAILURE } from '../../contracts/failures.ts';
import type { JobStatusName } from '../../contracts/orchestration.ts';
import type { PlanProblem } from '../../contracts/plan.ts';
import { invalidField, type Principal, RequestError } from '../../contracts/request.ts';
import type { Answerer, Decision, DecisionOutcome } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { findDelivery, insertDelivery, setDelivered } from '../../db/queries/inbox.ts';
import { findOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { deleteEdits, insertEdits } from '../../db/queries/plans.ts';
import { findShownHash } from '../../db/queries/slack.ts';
import { auditUnseen, findJobFor } from '../access/access.ts';
import { audit, auditRefusal } from '../audit.ts';
import { shownMark } from './approval.ts';
import { findAnswerers } from './policy.ts';
import type { DatabaseDeps, WakeDeps } from '../deps.ts';
import { recordDelivery, type DispatchDeps, DIRECT, type Entry } from '../inbox/dispatcher.ts';
import type { WorkflowAnswer, WorkflowPort } from '../orchestrations/workflow-port.ts';

export interface DecideDeps extends DatabaseDeps, WakeDeps, DispatchDeps {
  readonly workflows: Pick<WorkflowPort, 'decide'>;
}

/** From a thread it comes without a hash, and means what the thread shows. */
type Answer = CancelRequest & { readonly verdict: Decision['verdict'] };

/** The row can say "waiting" one workflow task before the workflow does; so often and so long it is asked again. */
const RETRIES = 5;
const RETRY_MS = 300;

/**
 * A person's answer to what a job asks, from whatever entry: judged here by the policy and once more by the workflow.
 * A direct one is answered when it counts, a recorded one once it cannot be lost. Refused attempts are audited.
 * @returns what the job is then
 * @throws RequestError 404 for an unknown job, 409 when nothing waits or something else was shown, 403 by policy.
 */
export async function decide(
  deps: DecideDeps,
  principal: Principal,
  jobId: string,
  answer: Answer,
  entry: Entry = DIRECT,
): Promise<JobStatusName> {
  const { job, who, shownHash } = await findAsked(deps, principal, jobId, entry).catch((error: unknown) =>
    auditUnseen(deps, principal, ['approval.decide', jobId], error),
  );
  const refusal = refusalOf(who, job, answer, entry, shownHash);
  if (refusal) return refuseAnswer(deps, principal, { jobId, answer, entry }, refusal);
  if (entry.kind === 'recorded') {
    await record(deps, toDecision(principal, job, answer, entry), job, { ...entry, reason: answer.reason });
    return job.status;
  }
  const decision = await keepAnswer(deps, principal, job, answer);
  const outcome = await send(deps, job, decision);
  if (outcome instanceof Refused) return refuseSent(deps, principal, { jobId, answer, entry }, decision, outcome);
  const { approvalId, hash, verdict, choice } = decision;
  const policyVersion = job.approval?.policy.version;
  const { editId } = decision;
  const details = { verdict, choice, reason: answer.reason, editId, approvalId, hash, policyVersion };
  await withOrganization(deps.db, principal.organizationId, (trx) =>
    audit(trx, principal, 'approval.decide', jobId, details),
  );
  if (outcome.waiting) return 'awaiting_approval';
  return verdict === 'approve' ? 'running' : 'cancelled';
}

/** The job, and for a reply in a thread which question the thread shows. */
const findAsked = (deps: DatabaseDeps, principal: Principal, jobId: string, entry: Entry) =>
  withOrganization(deps.db, principal.organizationId, async (trx) => {
    await refuseRepeated(trx, entry);
    const job = await findJobFor(trx, principal, jobId, entry.via);
    const shownHash = entry.via === 'slack' && job.approval ? await findShownHash(trx, jobId) : null;
    return { job, who: await answererOf(trx, principal, job), shownHash };
  });

/**
 * Said again by whoever delivers it, an answer must not decide what has begun to wait since.
 * @throws RequestError whose reason is `repeated`
 */
export async function refuseRepeated(trx: OrganizationTransaction, entry: Entry): Promise<void> {
  if (entry.kind === 'recorded' && (await findDelivery(trx, entry.keys))) throw repeated();
}

const repeated = () => new RequestError('conflict', 'This has been said before.', undefined, 'repeated');

/** Why an answer cannot count, as far as the row says; the workflow knows the rest. */
function refusalOf(
  who: Answerer | undefined,
  job: Orchestration,
  { verdict, choice, approvalId, hash }: Answer,
  { via }: Entry,
  shownHash: string | null,
): RequestError | undefined {
  const { approval, status } = job;
  if (status !== 'awaiting_approval')
    return new RequestError('conflict', `Nothing waits for approval: the job is ${status}.`, undefined, 'not_waiting');
  if (!approval) return toRefusal(FAILURE.notWaiting);
  if (!isNamed(who, job, verdict === 'approve' ? (choice ?? approval.choices?.[0]) : undefined))
    return toRefusal(FAILURE.notAllowed);
  if (approval.decision) return toRefusal(FAILURE.notWaiting);
  if ((approvalId ?? approval.id) !== approval.id || (hash ?? approval.hash) !== approval.hash)
    return toRefusal(FAILURE.approvalMismatch);
  if (via !== 'slack') return hash === undefined && verdict === 'approve' ? withoutHash() : undefined;
  // Nobody answers what they have not seen: the message in the thread may be behind, or have no room for it. A no needs nothing shown.
  if (shownHash === approval.hash || (shownHash === null && verdict === 'cancel')) return undefined;
  if (shownHash !== shownMark(approval.hash, true)) return toRefusal(FAILURE.approvalMismatch);
  const declines = verdict === 'cancel' || choice === 'skip' || choice === 'stop';
  return declines ? undefined : isCut();
}

const withoutHash = () =>
  invalidField('hash', 'is missing: read the job and send the approval.hash of what it shows; nothing was decided');

const isCut = () =>
  new RequestError(
    'conflict',
    'Not all of this question fits into the thread. Read the whole of it in the console and decide there.',
    undefined,
    'cut',
  );

/** A person as they may answer now; undefined for one who has no rights any more. */
export const answererOf = async (
  trx: OrganizationTransaction,
  { userId }: Principal,
  job: Orchestration,
): Promise<Answerer | undefined> => (await findAnswerers(trx, job, [userId]))[0];

/** Whether the policy of the question names this person, for this choice where one is given. */
export const isNamed = (
  who: Answerer | undefined,
  { approval }: Pick<Orchestration, 'approval'>,
  choice?: Decision['choice'],
): boolean => who !== undefined && approval !== null && mayAnswer(approval.policy, who, Date.now(), choice);

/** Whoever names neither question nor hash answers what is stored as shown now. */
const toDecision = (
  { userId }: Principal,
  { approval }: Orchestration,
  { verdict, choice, approvalId = approval?.id, hash = approval?.hash }: Answer,
  { via }: Entry,
  editId?: string,
): Decision => ({
  id: randomUUID(),
  verdict,
  ...(choice && { choice }),
  userId,
  via,
  ...(approvalId && { approvalId }),
  ...(hash && { hash }),
  ...(editId && { editId }),
});

async function record(
  deps: DecideDeps,
  decision: Decision,
  { organization_id: organizationId, id: orchestrationId }: Orchestration,
  { via: source, keys, reason }: Extract<Entry, { kind: 'recorded' }> & { reason: string | undefined },
): Promise<void> {
  const body = { ...decision };
  const { id } = decision;
  const delivery = { organizationId, id, source, kind: 'decision', orchestrationId, body, keys } as const;
  await withOrganization(deps.db, organizationId, async (trx) => {
    if (!(await recordDelivery(trx, delivery))) throw repeated();
    // What a thread says the workflow writes down with the answer that it becomes.
    if (source === 'slack') return;
    const { verdict, choice, approvalId, hash, userId } = decision;
    const details = { verdict, choice, reason, approvalId, hash };
    await audit(trx, { organizationId, userId }, 'approval.decide', orchestrationId, details);
  });
  deps.wakeReaders(organizationId);
  await deps.dispatcher.now(delivery);
}

/** Writes a direct answer down, with its edits, before the workflow is told: it believes what stands in the inbox. */
async function keepAnswer(deps: DatabaseDeps, principal: Principal, job: Orchestration, answer: Answer) {
  const { organizationId, userId } = principal;
  const { id: orchestrationId } = job;
  const edits = answer.verdict === 'approve' ? answer.edits : undefined;
  const editId = edits && randomUUID();
  const decision = toDecision(principal, job, answer, DIRECT, editId);
  const delivery = { organizationId, id: decision.id, source: 'rest', kind: 'decision', orchestrationId } as const;
  await withOrganization(deps.db, organizationId, async (trx) => {
    const row = { organization_id: organizationId, orchestration_id: orchestrationId, user_id: userId };
    if (editId) await insertEdits(trx, { ...row, id: editId, edits: JSON.stringify(edits) });
    await insertDelivery(trx, { ...delivery, body: { ...decision } });
    // Told now or never: the relay has nothing to do with it.
    await setDelivered(trx, decision.id);
  });
  return decision;
}

/** A refusal of the workflow's, and whether it has written it down itself. */
class Refused {
  readonly error: RequestError;
  readonly isRecorded: boolean;
  constructor(error: RequestError, isRecorded = false) {
    this.error = error;
    this.isRecorded = isRecorded;
  }
}

/** Edits of an answer that does not count are not kept. */
async function refuseSent(
  deps: DatabaseDeps,
  principal: Principal,
  said: { jobId: string; answer: Answer; entry: Entry },
  { editId }: Decision,
  { error, isRecorded }: Refused,
): Promise<never> {
  if (editId && error.kind !== 'unavailable')
    await withOrganization(deps.db, principal.organizationId, (trx) => deleteEdits(trx, editId));
  if (isRecorded) throw error;
  return refuseAnswer(deps, principal, said, error);
}

async function send(deps: DecideDeps, job: Orchestration, decision: Decision): Promise<Refused | DecisionOutcome> {
  const run = { organizationId: job.organization_id, orchestrationId: job.id };
  for (let attempt = 1; ; attempt++) {
    const answer = await deps.workflows.decide(run, decision);
    if (answer.status === 'done')
      return answer.value.problems ? new Refused(invalidEdits(answer.value.problems)) : answer.value;
    const type = typeOf(answer);
    if (type !== FAILURE.notWaiting || attempt === RETRIES || !(await isStillWaiting(deps, job)))
      return new Refused(toRefusal(type), answer.status === 'refused' && answer.isRecorded);
    await delay(RETRY_MS);
  }
}

const typeOf = (answer: WorkflowAnswer<unknown>): string | undefined => {
  if (answer.status === 'not_found') return FAILURE.notWaiting;
  return answer.status === 'refused' ? answer.type : undefined;
};

const isStillWaiting = (deps: DatabaseDeps, { organization_id, id }: Orchestration): Promise<boolean> =>
  withOrganization(deps.db, organization_id, async (trx) => {
    const now = await findOrchestration(trx, id);
    return now?.status === 'awaiting_approval' && !now.approval?.decision;
  });

/** The plan's mistakes as the fields a person can mend. */
const invalidEdits = (problems: readonly PlanProblem[]): RequestError =>
  new RequestError(
    'invalid-request',
    `The edited plan is not valid, and nothing was changed: ${problems[0]?.message ?? ''}`,
    problems.map(({ step, field, message }) => ({
      path: ['edits', ...(step ? ['steps', step] : []), ...(field ? [field] : [])].join('.'),
      message,
    })),
  );

/** What a person can do about a refusal of the workflow; others were not confirmed. */
const REFUSALS: Partial<Record<string, readonly ['forbidden' | 'conflict', string, RequestError['reason']?]>> = {
  [FAILURE.notAllowed]: [
    'forbidden',
    'The approval policy does not name you for this answer; the job shows whom it names.',
    'not_named',
  ],
  [FAILURE.noSuchChoice]: ['conflict', 'This question has no such choice. The job shows the choices it has.'],
  [FAILURE.alreadyApproved]: ['conflict', 'You have approved this already. Others have to approve it too.'],
  [FAILURE.approvalMismatch]: [
    'conflict',
    'What you answered is not what waits now. Read the job again and answer what it shows.',
    'other_question',
  ],
  [FAILURE.notWaiting]: [
    'conflict',
    'Nothing waits for approval any more: somebody was faster, or it expired.',
    'not_waiting',
  ],
};

export function toRefusal(type: string | undefined): RequestError {
  const [kind, message, reason] = ownValue(REFUSALS, type ?? '') ?? [
    'unavailable',
    'The decision could not be confirmed. Read the job again before you repeat it.',
  ];
  return new RequestError(kind, message, undefined, reason);
}

/** Writes down who has tried what, and says why it does not count. */
export const refuseAnswer = (
  deps: DatabaseDeps,
  principal: Principal,
  { jobId, answer, entry }: { jobId: string; answer: Answer; entry: Entry },
  refusal: RequestError,
): Promise<never> => {
  const { verdict, choice, approvalId, hash } = answer;
  return auditRefusal(deps, principal, ['approval.decide', jobId], refusal, {
    verdict,
    choice,
    via: entry.via,
    approvalId,
    hash,
  });
};
