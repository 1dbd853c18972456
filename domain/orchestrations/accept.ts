import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Language } from '../../contracts/agents.ts';
import type { Refusal } from '../../contracts/workflow.ts';
import { textsFor } from '../../contracts/texts.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { appendEvent } from '../../db/queries/events.ts';
import { claimKeys, findDelivery, insertDelivery, type InboxRow } from '../../db/queries/inbox.ts';
import { insertMessage } from '../../db/queries/messages.ts';
import { findOrchestration, type insertOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import type { RequestOptions } from '../../db/tables/work.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { insertWithRoute } from '../routing/insert-with-route.ts';

/** A request from any door, after it is known who asks. */
export interface IncomingRequest {
  readonly organizationId: string;
  readonly userId: string | null;
  readonly source: 'slack' | 'rest';
  readonly message: string;
  readonly options: RequestOptions;
  readonly refusal?: Refusal;
  /** Every name under which the same request may come again. */
  readonly keys: readonly string[];
  /** Finds or makes the session, in the accepting transaction. */
  readonly session: (trx: OrganizationTransaction) => Promise<string>;
  readonly slack?: { readonly teamId: string; readonly channelId: string; readonly threadTs: string };
}

export interface AcceptedRequest {
  readonly orchestration: Orchestration;
  /** It had been accepted before; nothing new was started. */
  readonly repeated: boolean;
  /** A digest of what the first delivery said, to tell a repetition from another request under the same key. */
  readonly fingerprint: unknown;
}

/**
 * Accepts a request: the receipt (inbox row), the orchestration and the person's message in one transaction, then the
 * workflow. When this returns nothing can be lost any more: if Temporal is away the relay starts the workflow later.
 * @throws when the database is away: then nothing was accepted.
 */
export async function acceptRequest(deps: ApiDeps, request: IncomingRequest): Promise<AcceptedRequest> {
  const accepted = await withOrganization(deps.db, request.organizationId, (trx) => write(deps, trx, request));
  deps.wakeReaders(request.organizationId);
  if (accepted.delivery) await Promise.race([deps.handOver.now(accepted.delivery), patience()]);
  const { orchestration, fingerprint } = accepted;
  return { orchestration, fingerprint, repeated: accepted.delivery === undefined };
}

/** The person has a receipt: nobody waits longer than this for a Temporal that is busy or away. */
const PATIENCE_MS = 250;
const patience = () => delay(PATIENCE_MS, undefined, { ref: false });

interface Written {
  readonly orchestration: Orchestration;
  readonly fingerprint: unknown;
  readonly delivery?: InboxRow;
}

async function write(deps: ApiDeps, trx: OrganizationTransaction, request: IncomingRequest): Promise<Written> {
  const { organizationId } = request;
  const ids = { delivery: randomUUID(), orchestration: randomUUID() };
  if (!(await claimKeys(trx, { organizationId, id: ids.delivery, keys: request.keys })))
    return repeated(trx, request.keys);
  const sessionId = await request.session(trx);
  const language = deps.detectLanguage(request.message);
  const row = toRow(deps, request, { id: ids.orchestration, sessionId, language });
  const orchestration = await insertWithRoute(deps, trx, request, row);
  await insertMessage(trx, {
    organization_id: organizationId,
    id: randomUUID(),
    session_id: sessionId,
    orchestration_id: ids.orchestration,
    role: 'user',
    content: request.message,
  });
  const body = {
    fingerprint: fingerprintOf(request),
    analyze: needsAnalysis(request.options) && orchestration.analysis === null,
    ...(request.options.tool && { tool: true }),
    language,
    ...(request.refusal && { refusal: request.refusal }),
  };
  await insertDelivery(trx, {
    ...request,
    id: ids.delivery,
    kind: 'request',
    orchestrationId: ids.orchestration,
    body,
  });
  await appendEvent(trx, {
    organizationId,
    type: 'orchestration_progress',
    orchestrationId: orchestration.id,
    sessionId,
    userId: request.userId,
    data: { status: 'pending', progress: 0, step: orchestration.step },
  });
  return { orchestration, fingerprint: body.fingerprint, delivery: toDelivery(request, ids, body) };
}

const needsAnalysis = ({ agents, dryRun, tool }: RequestOptions): boolean => !agents && !dryRun && !tool;

/** Another delivery holds one of the keys; its orchestration is the answer. */
async function repeated(trx: OrganizationTransaction, keys: readonly string[]): Promise<Written> {
  const first = await findDelivery(trx, keys);
  const orchestration = first && (await findOrchestration(trx, first.orchestration_id));
  if (!orchestration) throw new Error('A repeated delivery has lost its first one.');
  // The keys that this delivery added belong to the first one too.
  await trx
    .updateTable('inbox_keys')
    .set({ inbox_id: first.id })
    .where('key', 'in', [...keys])
    .execute();
  return { orchestration, fingerprint: first.body['fingerprint'] };
}

const toRow = (
  deps: ApiDeps,
  request: IncomingRequest,
  { id, sessionId, language }: { id: string; sessionId: string; language: Language },
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
  demo: deps.demo,
  slack_team_id: request.slack?.teamId ?? null,
  slack_channel_id: request.slack?.channelId ?? null,
  slack_thread_ts: request.slack?.threadTs ?? null,
});

const toDelivery = (
  request: IncomingRequest,
  ids: { delivery: string; orchestration: string },
  body: Record<string, unknown>,
): InboxRow => ({
  organization_id: request.organizationId,
  id: ids.delivery,
  source: request.source,
  kind: 'request',
  orchestration_id: ids.orchestration,
  body,
  received_at: new Date(),
  handed_over_at: null,
  attempts: 0,
  last_error: null,
});

/** The same request said again has the same digest, whatever else came with it. */
export const fingerprintOf = ({
  message,
  options,
  userId,
}: Pick<IncomingRequest, 'message' | 'options' | 'userId'>): string =>
  createHash('sha256')
    .update(JSON.stringify([userId, message, options]))
    .digest('hex');
