import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { mayAnswer } from '../../contracts/approval-rules.ts';
import { FAILURE } from '../../contracts/failures.ts';
import type { JobStatusName } from '../../contracts/orchestration.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';
import type { Answerer, Decision, DecisionOutcome } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { findDelivery, insertDelivery, setDelivered } from '../../db/queries/inbox.ts';
import { findOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { deleteEdits, findApproval, insertEdits } from '../../db/queries/plans.ts';
import { findShownHash } from '../../db/queries/slack.ts';
import { auditUnseen, findJobFor } from '../access/access.ts';
import { audit } from '../audit.ts';
import { shownMark } from './approval.ts';
import { findAnswerers } from './policy.ts';
import { type Answer, invalidEdits, isCut, isKnownRefusal, refuseAnswer, toRefusal, withoutHash } from './refusals.ts';
import type { DatabaseDeps, WakeDeps } from '../deps.ts';
import { recordDelivery, type DispatchDeps, DIRECT, type Entry } from '../inbox/dispatcher.ts';
import type { WorkflowAnswer, WorkflowPort } from '../orchestrations/workflow-port.ts';

export interface DecideDeps extends DatabaseDeps, WakeDeps, DispatchDeps {
  readonly workflows: Pick<WorkflowPort, 'decide'>;
}

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
    if (!isKnownRefusal(type)) return lookUp(deps, job, decision);
    const mayWaitSoon = type === FAILURE.notWaiting && attempt < RETRIES;
    if (!mayWaitSoon || (await becameOf(deps, job, decision)) !== 'waits')
      return new Refused(toRefusal(type), answer.status === 'refused' && answer.isRecorded);
    await delay(RETRY_MS);
  }
}

/** Nobody said what became of the answer, as when the workflow ends over it: the row does, a moment later, if one has been counted at all. */
async function lookUp(deps: DatabaseDeps, job: Orchestration, decision: Decision): Promise<Refused | DecisionOutcome> {
  for (let attempt = 1; ; attempt++) {
    const became = await becameOf(deps, job, decision);
    if (became === 'counts') return { verdict: decision.verdict };
    // What became of edits their own question says, and they are kept for it.
    if (became === 'over') return new Refused(toRefusal(decision.editId ? undefined : FAILURE.notWaiting));
    if (attempt === RETRIES) return new Refused(toRefusal(undefined));
    await delay(RETRY_MS);
  }
}

const typeOf = (answer: WorkflowAnswer<unknown>): string | undefined => {
  if (answer.status === 'not_found') return FAILURE.notWaiting;
  return answer.status === 'refused' ? answer.type : undefined;
};

/** Whether the answer is the one that has been counted, its question still waits, or something else has ended it. */
const becameOf = (
  deps: DatabaseDeps,
  { organization_id, id, approval }: Orchestration,
  decision: Decision,
): Promise<'counts' | 'waits' | 'over'> =>
  withOrganization(deps.db, organization_id, async (trx) => {
    const now = await findOrchestration(trx, id);
    // The work may already ask its next question.
    const asked = approval ? await findApproval(trx, id, approval.id) : undefined;
    if ([now?.approval, asked].some((one) => one?.decision?.id === decision.id)) return 'counts';
    const waits = now?.status === 'awaiting_approval' && !now.approval?.decision && now.approval?.id === approval?.id;
    return waits ? 'waits' : 'over';
  });
