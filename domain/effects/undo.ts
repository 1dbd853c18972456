import { randomUUID } from 'node:crypto';
import { isFinal } from '../../contracts/orchestration.ts';
import { MAX_SHOWN_UNDO_QUESTIONS, type UndoLoss } from '../../contracts/effects.ts';
import type { UndoAnswer } from '../../contracts/tool-calls.ts';
import { isUuid, withOrganization, type OrganizationTransaction, type DatabaseDeps } from '../../db/organization.ts';
import { claimKeys, insertDelivery } from '../../db/queries/inbox.ts';
import {
  lockOrchestration,
  type Orchestration,
  getOrchestration,
  tellFinished,
} from '../../db/queries/orchestrations.ts';
import { rolesOf } from '../../db/queries/organizations.ts';
import { countEffects } from '../../db/queries/tool-views.ts';
import { auditUnseen, findJobFor } from '../access/access.ts';
import { audit, auditRefusal } from '../audit.ts';
import { DIRECT, type DispatchDeps, type Entry } from '../inbox/dispatcher.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';
import { queueOfProvider } from '../../contracts/queues.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { OrchestrationTarget, UndoableEffect, UndoInput, UndoOutcome } from '../../contracts/workflow.ts';
import {
  acceptUndoLosses,
  findEffect,
  listEffects,
  listUndoable,
  setUndo,
  type Effect,
} from '../../db/queries/effects.ts';
import { hashOfJson } from '../json.ts';
import type { ToolHost, LoadedTool, ToolDeps } from '../tools/tool-host.ts';
import type { Attempt } from '../attempt.ts';
import { type DoneChange, ToolCallError } from '../tools/tool-ports.ts';
import { afterFailure } from '../tools/settle-call.ts';

export type UndoDeps = DatabaseDeps & DispatchDeps;

interface UndoWish {
  readonly entry?: Entry;
  /** Questions that are answered with yes: their hashes as they were shown, or all that are shown where the wish was said. */
  readonly accept?: readonly string[] | 'shown';
}

/**
 * Has taken back what a job has changed outside, the last change first. Written down before anybody is told, so that
 * nothing is lost while Temporal is away. What others have done since is looked at first, and nothing of it is lost
 * before a person has said yes to it.
 * @throws RequestError 404 for an unknown job, 403 when it is somebody else's, 409 while it is at work, when nothing can be
 *   taken back or another question is open than was answered, also when one of the keys has come before (its reason is
 *   `repeated` then).
 */
export async function undoJob(
  deps: UndoDeps,
  principal: Principal,
  jobId: string,
  { entry = DIRECT, accept = [] }: UndoWish = {},
): Promise<UndoAnswer> {
  const { delivery, undoing } = await withOrganization(deps.db, principal.organizationId, (trx) =>
    write(trx, principal, jobId, { entry, accept }),
  ).catch((error: unknown) => {
    if (!(error instanceof RequestError) || error.kind !== 'forbidden')
      return auditUnseen(deps, principal, ['effects.undo', jobId], error);
    return auditRefusal(deps, principal, ['effects.undo', jobId], error, { via: entry.via });
  });
  await deps.dispatcher.now(delivery);
  return { jobId, undoing };
}

async function write(
  trx: OrganizationTransaction,
  principal: Principal,
  jobId: string,
  { entry, accept }: Required<UndoWish>,
) {
  const id = randomUUID();
  const keys = entry.kind === 'recorded' ? entry.keys : [];
  const { organizationId, userId } = principal;
  // A refused one gives its names back with the transaction.
  if (!(await claimKeys(trx, { organizationId, id, keys })))
    throw new RequestError('conflict', 'This has been said before.', undefined, 'repeated');
  await findJobFor(trx, principal, jobId, entry.via);
  const job = await lockOrchestration(trx, jobId);
  refuseOthers(principal, job);
  if (!isFinal(job.status))
    throw new RequestError('conflict', 'The job is still at work. Stop or cancel it first, or let it end.');
  const undoing = (await countEffects(trx, [jobId]))[0]?.undoable ?? 0;
  if (undoing === 0)
    throw new RequestError('conflict', 'Nothing of what this job has changed can be undone, or it already is.');
  const accepted = await acceptShown(trx, jobId, accept);
  const body = { userId };
  const delivery = { organizationId, id, source: 'rest', kind: 'undo', orchestrationId: jobId, body, keys } as const;
  await insertDelivery(trx, delivery);
  await audit(trx, principal, 'effects.undo', jobId, { undoing, ...(accepted.length > 0 && { accepted }) });
  return { delivery, undoing };
}

/** Keeps which losses were said yes to. Answers them for the audit. @throws RequestError 409 when they are others by now. */
async function acceptShown(
  trx: OrganizationTransaction,
  jobId: string,
  accept: Required<UndoWish>['accept'],
): Promise<{ key: string; losses: readonly UndoLoss[] }[]> {
  const asked = (await listUndoable(trx, jobId)).flatMap(({ key, undo_state: state, undo_losses: losses }) =>
    state === 'ASK' && losses ? [{ key, losses }] : [],
  );
  if (accept === 'shown' && asked.length > MAX_SHOWN_UNDO_QUESTIONS) return [];
  const named = accept === 'shown' ? asked : asked.filter(({ losses }) => accept.includes(hashOfJson(losses)));
  if (accept !== 'shown' && new Set(named.map(({ losses }) => hashOfJson(losses))).size < new Set(accept).size)
    throw new RequestError(
      'conflict',
      'What would be lost is not what you have seen any more. Look again and answer that.',
    );
  if (named.length > 0)
    await acceptUndoLosses(
      trx,
      named.map(({ key }) => key),
    );
  return named;
}

/** Who may take back what a job has changed: the person who asked, and admins. */
export const mayUndo = (
  { role, userId }: { role: string; userId: string },
  job: Pick<Orchestration, 'user_id'>,
): boolean => role === 'admin' || (role !== 'guest' && userId === job.user_id);

function refuseOthers(principal: Principal, job: Orchestration): void {
  if (!mayUndo(principal, job))
    throw new RequestError('forbidden', 'Only the person who asked or an admin may undo what this job has changed.');
}

/**
 * The ledger's keys of what an undo takes back, the newest change first, each with the queue of its tool's pool. None when
 * the person who wants it may not, or not any more; that is written down.
 */
export async function listUndoableEffects(
  deps: DatabaseDeps & { readonly host: Pick<ToolHost, 'find'> },
  { organizationId, orchestrationId, userId: by }: UndoInput,
): Promise<{ effects: UndoableEffect[] }> {
  const { effects, userId } = await withOrganization(deps.db, organizationId, async (trx) => {
    const job = await getOrchestration(trx, orchestrationId);
    const role = isUuid(by) ? (await rolesOf(trx, [by])).get(by) : undefined;
    if (role && mayUndo({ userId: by, role }, job))
      return { effects: await listUndoable(trx, orchestrationId), userId: job.user_id };
    const refused = { reason: 'It did not come from a person who may undo this.', by };
    await audit(
      trx,
      { organizationId, userId: role ? by : null },
      'effects.undo',
      orchestrationId,
      refused,
      'rejected',
    );
    return { effects: [], userId: job.user_id };
  });
  const queues = new Map<string, string>();
  for (const name of new Set(effects.map(({ tool }) => tool))) {
    const tool = await deps.host.find({ organizationId, userId }, name);
    queues.set(name, queueOfProvider(tool?.provider ?? ''));
  }
  return { effects: effects.map(({ key, tool }) => ({ key, queue: queues.get(tool) ?? queueOfProvider('') })) };
}

/** Says what was taken back, on the job that has ended. */
export function finishUndo(
  deps: DatabaseDeps,
  { organizationId, orchestrationId }: OrchestrationTarget,
): Promise<UndoOutcome> {
  return withOrganization(deps.db, organizationId, async (trx) => {
    const { language } = await lockOrchestration(trx, orchestrationId);
    const tried = (await listEffects(trx, orchestrationId)).filter(({ undo_state: state }) => state !== null);
    const done = tried.filter(({ undo_state: state }) => state === 'DONE').length;
    const asked = tried.filter(({ undo_state: state }) => state === 'ASK').length;
    const { undone, undoAsks } = textsFor(language).tools;
    const step = [undone(done, tried.length), ...(asked > 0 ? [undoAsks(asked)] : [])].join('. ');
    await tellFinished(trx, orchestrationId, { step });
    return { done, total: tried.length };
  });
}

export interface UndoTarget {
  readonly organizationId: string;
  readonly orchestrationId: string;
  /** The ledger's key of what is taken back. */
  readonly key: string;
}

/** An undo answers within this, ms. */
const UNDO_MS = 30_000;

/**
 * Takes one change back. Written to the ledger before and after; tools promise that taking back twice is taking back
 * once, so a try that does not know what became of the one before does it again.
 */
export async function undoEffect(
  deps: ToolDeps,
  { organizationId, orchestrationId, key }: UndoTarget,
  attempt: Attempt,
): Promise<{ undone: boolean }> {
  const write = (set: Parameters<typeof setUndo>[2]) =>
    withOrganization(deps.db, organizationId, (trx) => setUndo(trx, key, set));
  const opened = await withOrganization(deps.db, organizationId, (trx) =>
    openUndo(deps, trx, { organizationId, orchestrationId, key }),
  );
  if ('undone' in opened) return opened;
  const { effect, loaded } = opened;
  try {
    const options = { signal: attempt.signal, timeoutMs: UNDO_MS, effectKey: key };
    const undone = await deps.host.undo(loaded, toDone(effect), options);
    if ('losses' in undone) {
      await write({ undo_state: 'ASK', undo_losses: JSON.stringify(undone.losses), detail: null });
      return { undone: false };
    }
    deps.reachKillPoint('after-effect');
    await write({ undo_state: 'DONE', undo_losses: null, detail: undone.said });
    return { undone: true };
  } catch (error) {
    if (!(error instanceof ToolCallError)) throw error;
    const retriable = error.kind === 'unknown' ? new ToolCallError('unavailable', error.message) : error;
    const next = afterFailure(retriable, attempt.number);
    if (next.kind === 'throw') throw next.failure;
    await write({ undo_state: error.kind === 'unknown' ? 'UNKNOWN' : 'FAILED', detail: error.message });
    return { undone: false };
  }
}

/** Whether there is something to take back and a tool to do it with, written down before anything is sent. */
async function openUndo(
  { host }: Pick<ToolDeps, 'host'>,
  trx: OrganizationTransaction,
  { organizationId, orchestrationId, key }: UndoTarget,
): Promise<{ readonly undone: boolean } | { readonly effect: Effect; readonly loaded: LoadedTool }> {
  const effect = await findEffect(trx, key);
  if (!effect || effect.state !== 'DONE' || !effect.undoable) return { undone: false };
  if (effect.undo_state === 'DONE') return { undone: true };
  const { user_id: userId } = await getOrchestration(trx, orchestrationId);
  const loaded = await host.load(trx, { organizationId, userId }, effect.tool);
  // By the same name another connection may be found by now, and it has nothing of this.
  if (loaded?.tool.connectionId !== effect.connection_id) {
    const detail = `${effect.tool} is not available; its connection may be gone.`;
    await setUndo(trx, key, { undo_state: 'FAILED', detail });
    return { undone: false };
  }
  await setUndo(trx, key, { undo_state: 'PENDING' });
  return { effect, loaded };
}

const toDone = ({ arguments: args, result, before, undo_accepted: accepted }: Effect): DoneChange => ({
  args,
  result: result ?? { text: '', isError: false },
  before: before ?? undefined,
  accepted: accepted ?? [],
});
