import { createHash, randomUUID } from 'node:crypto';
import type { Category, Language } from '../../contracts/agents.ts';
import { parseSteering, reservedWord } from '../../contracts/answer-words.ts';
import { RequestError } from '../../contracts/request.ts';
import type { SteerRequest } from '../../contracts/steering.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { Refusal } from '../../contracts/workflow.ts';
import { notAwaited, withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { appendEvent } from '../../db/queries/events.ts';
import { claimKeys, deliveryInsert, findDelivery, moveKeys } from '../../db/queries/inbox.ts';
import { executeTogether } from '../../db/together.ts';
import { messageInsert } from '../../db/queries/sessions.ts';
import { findOrchestration, type insertOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import type { RequestOptions } from '../../db/tables/work.ts';
import type { DatabaseDeps, WakeDeps } from '../deps.ts';
import type { DispatchDeps } from '../inbox/dispatcher.ts';
import { insertWithRoute, type RouteDeps } from '../routing/insert-with-route.ts';
import { categoryOf } from '../routing/keywords.ts';
import { detectLanguage } from '../routing/text.ts';
import { openSession, type RequestSession } from '../sessions/sessions.ts';
import type { Delivery } from './workflow-port.ts';

/** A request from any entry, after it is known who asks. */
export interface IncomingRequest {
  readonly organizationId: string;
  readonly userId: string | null;
  readonly source: 'slack' | 'rest';
  readonly message: string;
  readonly options: RequestOptions;
  readonly refusal?: Refusal | undefined;
  /** Every name under which the same request may come again. */
  readonly keys: readonly string[];
  readonly session: RequestSession;
  /** What a new session is called after; the message unless told. */
  readonly title?: string;
  readonly slack?: {
    readonly teamId: string;
    readonly channelId: string;
    readonly threadTs: string;
    /** The message that asks. */
    readonly messageTs: string | null;
  };
  /** Of the asker's own words; the message's unless told. */
  readonly language?: Language;
  /** The message holds words of other people. */
  readonly quotesOthers?: boolean;
  /** What was said in the thread before is to be read first. */
  readonly readsThread?: boolean;
}

export interface RecordDeps extends RouteDeps {
  /** Answers come from the demo model. */
  readonly demo: boolean;
}

export type AcceptDeps = DatabaseDeps & WakeDeps & DispatchDeps & RecordDeps;

/**
 * Accepts a request: the receipt (inbox row), the orchestration and the person's message in one transaction, then the
 * workflow. When this returns nothing can be lost any more: if Temporal is away the relay starts the workflow later.
 * @returns the orchestration, also when it had been accepted before and nothing new was started
 * @throws RequestError 404 for an unknown session, 422 when a key came with another request before; any other error when
 *   the database is away: then nothing was accepted.
 */
export async function acceptRequest(
  deps: AcceptDeps,
  request: IncomingRequest,
): Promise<{ readonly orchestration: Orchestration; readonly isRepeated: boolean }> {
  const recorded = await withOrganization(deps.db, request.organizationId, (trx) => recordRequest(deps, trx, request));
  const isRepeated = recorded.delivery === undefined;
  if (isRepeated && recorded.fingerprint !== fingerprintOf(request))
    throw new RequestError(
      'idempotency-key-reused',
      'This idempotency key came with another request before. Use a new key.',
    );
  startRecorded(deps, recorded);
  return { orchestration: recorded.orchestration, isRepeated };
}

/**
 * Refuses a request that is nothing but a word of ours, in the language of the asker. Nothing is written down, so the idempotency key stays free.
 * @throws RequestError 400
 */
export function refuseReservedWord({ message, sessionId }: { message: string; sessionId?: string | undefined }): void {
  const word = reservedWord(message, sessionId !== undefined);
  if (!word) return;
  const { reserved } = textsFor(detectLanguage(message)).words;
  throw new RequestError('reserved-word', `${reserved.nothingStarted} ${reserved[word]}`);
}

/**
 * The same of a message to running work, which would take the word for an instruction. A stop is always let through.
 * @throws RequestError 400
 */
export function refuseReservedSteering({ message, mode }: SteerRequest): void {
  if (mode === 'stop' || message === '') return;
  const word = parseSteering(message) ? reservedWord(message, false) : 'replan';
  if (!word) return;
  const { toWork, ...reserved } = textsFor(detectLanguage(message)).words.reserved;
  throw new RequestError('reserved-word', `${toWork.untold} ${{ ...reserved, ...toWork }[word]}`);
}

/**
 * What follows the commit of `recordRequest`. Whoever is answered does not wait for it: what was accepted is durable, and
 * a Temporal that is busy with the work of others, or away, holds up nobody at the door.
 */
export function startRecorded(deps: WakeDeps & DispatchDeps, { orchestration, delivery }: RecordedRequest): void {
  deps.wakeReaders(orchestration.organization_id);
  if (delivery) void deps.dispatcher.now(delivery);
}

export interface RecordedRequest {
  readonly orchestration: Orchestration;
  /** A digest of what the first delivery said, to tell a repetition from another request under the same key. */
  readonly fingerprint: unknown;
  /** Undefined when it had been accepted before. */
  readonly delivery?: Delivery;
}

/** The writing half of accepting, for a transaction that has found out who asks. @throws RequestError 404 */
export async function recordRequest(
  deps: RecordDeps,
  trx: OrganizationTransaction,
  request: IncomingRequest,
): Promise<RecordedRequest> {
  const { organizationId, userId, keys, message, options, refusal, source } = request;
  const [deliveryId, orchestrationId] = [randomUUID(), randomUUID()];
  if (!(await claimKeys(trx, { organizationId, id: deliveryId, keys }))) return findRecorded(trx, keys);
  const title = request.title ?? message;
  const { id: sessionId, statements } = await openSession(trx, { ...request, title }, request.session);
  const language = request.language ?? detectLanguage(message);
  const row = toRow(request, { id: orchestrationId, sessionId, language, demo: deps.demo });
  const orchestration = await insertWithRoute(deps, trx, { ...request, statements }, row);
  const body = {
    fingerprint: fingerprintOf(request),
    analyze: needsAnalysis(options) && orchestration.analysis === null && !orchestration.local_route?.understood,
    ...(options.tool && { tool: true }),
    ...(request.readsThread && !refusal && { readsThread: true }),
    language,
    ...categoryAhead(orchestration),
    ...(refusal && { refusal }),
  };
  const delivery: Delivery = { organizationId, id: deliveryId, source, kind: 'request', orchestrationId, body };
  const data = { status: 'pending', progress: 0, step: orchestration.step };
  const event = { organizationId, orchestrationId, sessionId, userId, type: 'orchestration_progress', data } as const;
  const said = { organization_id: organizationId, id: randomUUID(), session_id: sessionId } as const;
  const messageRow = messageInsert(trx, { ...said, orchestration_id: orchestrationId, role: 'user', content: message });
  notAwaited(trx, executeTogether(trx, [deliveryInsert(trx, delivery), messageRow]));
  await appendEvent(trx, event);
  return { orchestration, fingerprint: body.fingerprint, delivery };
}

const needsAnalysis = ({ agents, dryRun, tool }: RequestOptions): boolean => !agents && !dryRun && !tool;

/** What operators can search for from the beginning; the route says it again with what it knows better. */
const categoryAhead = ({ options, local_route: local }: Orchestration): { category?: Category } => {
  const category = options.category ?? (local?.understood && categoryOf(local.agents[0]?.agent ?? 'general'));
  return category ? { category } : {};
};

/** Another delivery holds one of the keys; its orchestration is the answer. */
async function findRecorded(trx: OrganizationTransaction, keys: readonly string[]): Promise<RecordedRequest> {
  const first = await findDelivery(trx, keys);
  const orchestration = first && (await findOrchestration(trx, first.orchestration_id));
  if (!orchestration) throw new Error('A repeated delivery has lost its first one.');
  await moveKeys(trx, keys, first.id);
  return { orchestration, fingerprint: first.body['fingerprint'] };
}

const toRow = (
  request: IncomingRequest,
  { id, sessionId, language, demo }: { id: string; sessionId: string; language: Language; demo: boolean },
): Parameters<typeof insertOrchestration>[1] => ({
  organization_id: request.organizationId,
  id,
  session_id: sessionId,
  user_id: request.userId,
  source: request.source,
  message: request.message,
  options: JSON.stringify(request.options),
  refusal: request.refusal ?? null,
  language,
  category: request.options.category ?? null,
  step: textsFor(language).received,
  demo,
  slack_team_id: request.slack?.teamId ?? null,
  slack_channel_id: request.slack?.channelId ?? null,
  slack_thread_ts: request.slack?.threadTs ?? null,
  slack_message_ts: request.slack?.messageTs ?? null,
  quotes_others: request.quotesOthers ?? false,
});

/** The same request said again has the same digest, whatever else came with it. */
export const fingerprintOf = ({
  message,
  options,
  userId,
  session,
}: Pick<IncomingRequest, 'message' | 'options' | 'userId' | 'session'>): string =>
  createHash('sha256')
    .update(JSON.stringify([userId, message, options, ...(session.kind === 'known' ? [session.id] : [])]))
    .digest('hex');
