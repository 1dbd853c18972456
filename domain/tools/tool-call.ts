import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isFinal } from '../../contracts/orchestration.ts';
import { storableText } from '../../contracts/storable-text.ts';
import type { ToolCallAnswer } from '../../contracts/tool-calls.ts';
import { withOrganization } from '../../db/organization.ts';
import { findOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import type { Principal } from '../../db/queries/people.ts';
import { insertSession } from '../../db/queries/sessions.ts';
import { findToolState, listCalls, listEffects } from '../../db/queries/tool-views.ts';
import type { OfferedTool, ToolHost } from './tool-host.ts';
import { acceptRequest, fingerprintOf, type IncomingRequest } from '../orchestrations/accept.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { ProblemError } from '../../api/problems.ts';
import { refuseUnstorable } from '../../api/middleware/storable-body.ts';
import { connectionPage } from '../../api/views/connection.ts';
import { toEffectView } from '../../api/views/effect.ts';

export interface ToolCallOptions {
  /** Longest time to wait for the end, ms. */
  readonly waitMs: number;
  /** Stops the waiting, not the call. */
  readonly signal?: AbortSignal | undefined;
  /** Told when people see something new of it: a sentence, and how far it is, 0 to 1. */
  readonly onProgress?: ((message: string, share: number) => void) | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * Calls one tool for a person as an orchestration of its own, so that policy, ledger, approval and audit are the same as
 * for agents. Waits for its end, or until it asks a human, or until the time is over; it goes on in any case.
 * @throws ProblemError 403 for guests, 404 for a tool that they do not have, 409 when it cannot be called now, 400 when
 *   the arguments break its schema, 422 when the key came with another call.
 */
export async function callTool(
  deps: ApiDeps,
  principal: Principal,
  name: string,
  args: Readonly<Record<string, unknown>>,
  { idempotencyKey, ...waiting }: ToolCallOptions,
): Promise<ToolCallAnswer & { readonly repeated: boolean }> {
  if (principal.role === 'guest') throw new ProblemError('forbidden', 'Guests may read but call no tools.');
  const tool = await findCallable(deps, principal, name);
  refuseUnstorable(args, ['arguments']);
  refuseMistakes(deps.tools, tool, args);
  const request = toIncoming(principal, tool.name, args, idempotencyKey);
  const accepted = await acceptRequest(deps, request);
  if (accepted.repeated && accepted.fingerprint !== fingerprintOf(request))
    throw new ProblemError(
      'idempotency-key-reused',
      'This idempotency key came with another request before. Use a new key.',
    );
  const row = await settled(deps, accepted.orchestration, waiting);
  return { ...(await toAnswer(deps, row)), repeated: accepted.repeated };
}

/** @throws ProblemError 404 or 409, which says what to do. */
async function findCallable(deps: ApiDeps, principal: Principal, name: string): Promise<OfferedTool> {
  const { organizationId, userId } = principal;
  if (!TOOL_NAME.test(name)) throw noSuchTool();
  const found = await deps.tools.find({ organizationId, userId }, name);
  const known = await withOrganization(deps.db, organizationId, (trx) => findToolState(trx, { name, userId }));
  // Agents wait for a grant to be renewed; who calls by hand can see to it first.
  if (known && (!found || known.health === 'reconnect'))
    throw new ProblemError('conflict', whyNot(known, connectionPage(deps.publicUrl, known.connectionId)));
  if (!found) throw noSuchTool();
  return found;
}

const noSuchTool = () =>
  new ProblemError('not-found', 'You have no tool with this name. GET /api/tools lists those you may call.');

const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

type KnownTool = NonNullable<Awaited<ReturnType<typeof findToolState>>>;

function whyNot({ state, connection, enabled, health, last_error: lastError }: KnownTool, page: string): string {
  if (!enabled) return `${connection} is switched off. It can be switched on at ${page}`;
  if (health === 'reconnect') return `${connection} does not accept our access any more. Reconnect it at ${page}`;
  if (state === 'quarantined')
    return `This tool of ${connection} is new or has changed, and is off until an admin accepts it at ${page}`;
  return `${connection} does not answer at the moment${lastError ? ` (${lastError})` : ''}. Test it at ${page}`;
}

function refuseMistakes(
  { checkArguments }: Pick<ToolHost, 'checkArguments'>,
  { name, definition }: OfferedTool,
  args: Readonly<Record<string, unknown>>,
): void {
  const mistakes = checkArguments(definition.inputSchema, args);
  const [first] = mistakes;
  if (!first) return;
  const errors = mistakes.map(({ path, message }) => ({
    path: ['arguments', path].filter(Boolean).join('.'),
    message,
  }));
  throw new ProblemError('invalid-request', `${name} does not take these arguments: ${errorLine(first)}`, errors);
}

const errorLine = ({ path, message }: { path: string; message: string }) => (path ? `${path} ${message}` : message);

const SHOWN_ARGUMENTS = 500;

function toIncoming(
  { organizationId, userId }: Principal,
  name: string,
  args: Readonly<Record<string, unknown>>,
  key: string | undefined,
): IncomingRequest {
  const message = storableText(`Call ${name} ${JSON.stringify(args).slice(0, SHOWN_ARGUMENTS)}`);
  return {
    organizationId,
    userId,
    source: 'rest',
    message,
    options: { tool: { name, arguments: { ...args } } },
    keys: key ? [`rest:${userId}:${key}`] : [],
    session: async (trx) => {
      const id = randomUUID();
      await insertSession(trx, { organization_id: organizationId, id, user_id: userId, source: 'rest', title: name });
      return id;
    },
  };
}

const FIRST_LOOK_MS = 40;
const SLOWEST_LOOK_MS = 500;

/** Looks more and more rarely until it has ended, asks a human, or nobody waits any more. */
async function settled(
  deps: ApiDeps,
  start: Orchestration,
  { waitMs, signal, onProgress }: Omit<ToolCallOptions, 'idempotencyKey'>,
): Promise<Orchestration> {
  const until = Date.now() + waitMs;
  let row = start;
  for (let pause = FIRST_LOOK_MS; !isSettled(row); pause = Math.min(pause * 1.3, SLOWEST_LOOK_MS)) {
    const left = until - Date.now();
    if (left <= 0 || signal?.aborted) return row;
    await delay(Math.min(pause, left));
    const { version } = row;
    row = (await withOrganization(deps.db, row.organization_id, (trx) => findOrchestration(trx, row.id))) ?? row;
    if (row.version !== version) onProgress?.(row.step, row.progress / 100);
  }
  return row;
}

const isSettled = ({ status }: Orchestration): boolean => isFinal(status) || status === 'awaiting_approval';

async function toAnswer(deps: ApiDeps, row: Orchestration): Promise<ToolCallAnswer> {
  const { id: jobId, status, approval } = row;
  if (!isFinal(status))
    return { jobId, status, ...(status === 'awaiting_approval' && approval && !approval.decision && { approval }) };
  return withOrganization(deps.db, row.organization_id, async (trx) => {
    const call = (await listCalls(trx, jobId, 1))[0];
    const effect = call?.effect_key
      ? (await listEffects(trx, jobId)).find(({ key }) => key === call.effect_key)
      : undefined;
    const result = call?.result ?? { text: row.error?.message ?? row.step, isError: true };
    return { jobId, status, result, ...(effect && { effect: toEffectView(effect) }) };
  });
}
