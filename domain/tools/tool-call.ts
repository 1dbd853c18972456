import { isFinal } from '../../contracts/orchestration.ts';
import { DELEGATE, DELEGATION_TOOLS } from '../../contracts/tools.ts';
import { storableText } from '../../contracts/json.ts';
import type { ToolCallAnswer } from '../../contracts/tool-calls.ts';
import { isUuid, withOrganization } from '../../db/organization.ts';
import { findOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { findToolState, listCalls, listEffects } from '../../db/queries/tool-views.ts';
import type { OfferedTool, ToolHost } from './tool-host.ts';
import { acceptRequest, type AcceptDeps, type IncomingRequest } from '../orchestrations/accept.ts';
import { waitForJob, type WaitDeps } from '../events/wait-for-job.ts';
import { refuseUnstorable } from '../json.ts';
import { type Principal, invalidField, notFound, RequestError } from '../../contracts/request.ts';
import { connectionPage } from '../connections/connection-views.ts';
import { toEffectView } from '../effects/job-effects.ts';

export interface ToolCallDeps extends AcceptDeps, WaitDeps {
  readonly tools: Pick<ToolHost, 'find' | 'checkArguments'>;
  /** Where people reach the product; without a trailing slash. */
  readonly publicUrl: string;
}

interface ToolCallOptions {
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
 * @throws RequestError 403 for guests, 404 for a tool that they do not have, 409 when it cannot be called now, 400 when
 *   the arguments break its schema, 422 when the key came with another call.
 */
export async function callTool(
  deps: ToolCallDeps,
  principal: Principal,
  name: string,
  args: Readonly<Record<string, unknown>>,
  { idempotencyKey, ...waiting }: ToolCallOptions,
): Promise<ToolCallAnswer & { readonly isRepeated: boolean }> {
  if (principal.role === 'guest') throw new RequestError('forbidden', 'Guests may read but call no tools.');
  const tool = await findCallable(deps, principal, name);
  refuseUnstorable(args, ['arguments']);
  refuseInexact(args, 'arguments');
  refuseMistakes(deps.tools, tool, args);
  const request = toIncoming(principal, tool.name, args, idempotencyKey);
  const { orchestration, isRepeated } = await acceptRequest(deps, request);
  const { waitMs, signal, onProgress } = waiting;
  const row = await waitForJob(deps, orchestration, {
    waitMs,
    signal,
    isOver: isSettled,
    onChange: ({ step, progress }) => onProgress?.(step, progress / 100),
  });
  return { ...(await toAnswer(deps, row)), isRepeated };
}

/**
 * Waits for the end of a call that was made before, through all that people are asked meanwhile, or until the time is over.
 * @throws RequestError 404 for a job that is not the caller's, or no call.
 */
export async function followCall(
  deps: WaitDeps,
  { organizationId, userId }: Principal,
  jobId: string,
  { waitMs, signal, onProgress }: Omit<ToolCallOptions, 'idempotencyKey'>,
): Promise<ToolCallAnswer> {
  const found = isUuid(jobId)
    ? await withOrganization(deps.db, organizationId, (trx) => findOrchestration(trx, jobId))
    : undefined;
  if (!found?.options.tool || found.user_id !== userId) throw notFound('job');
  const row = await waitForJob(deps, found, {
    waitMs,
    signal,
    isOver: ({ status }) => isFinal(status),
    onChange: ({ step, progress }) => onProgress?.(step, progress / 100),
  });
  return toAnswer(deps, row);
}

/** @throws RequestError 404 or 409, which says what to do. */
async function findCallable(deps: ToolCallDeps, principal: Principal, name: string): Promise<OfferedTool> {
  const { organizationId, userId } = principal;
  if (!TOOL_NAME.test(name)) throw noSuchTool();
  const found = await deps.tools.find({ organizationId, userId }, name);
  const known = await withOrganization(deps.db, organizationId, (trx) => findToolState(trx, { name, userId }));
  // Agents wait for a grant to be renewed; who calls by hand can see to it first.
  if (known && (!found || known.health === 'reconnect'))
    throw new RequestError('conflict', whyNot(known, connectionPage(deps.publicUrl, known.connectionId)));
  if (!found && DELEGATION_TOOLS.some((tool) => name === `${DELEGATE}__${tool}`))
    throw new RequestError('conflict', DELEGATION_IS_OFF);
  if (!found) throw noSuchTool();
  return found;
}

const DELEGATION_IS_OFF =
  'Work is not handed to coding agents in your organization. An admin can allow it: PUT /api/admin/delegation {"enabled": true}.';

const noSuchTool = () =>
  new RequestError('not-found', 'You have no tool with this name. GET /api/tools lists those you may call.');

const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

type KnownTool = NonNullable<Awaited<ReturnType<typeof findToolState>>>;

function whyNot({ state, connection, enabled, health, last_error: lastError }: KnownTool, page: string): string {
  if (!enabled) return `${connection} is turned off. It can be turned on at ${page}`;
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
  throw new RequestError('invalid-request', `${name} does not take these arguments: ${errorLine(first)}`, errors);
}

/** What is beyond 2^53 has been rounded on its way here, and would name something else. @throws RequestError 400 */
function refuseInexact(value: unknown, path: string): void {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    throw invalidField(path, 'is a whole number too large to be read exactly. Give its digits as text, in quotes.');
  if (typeof value !== 'object' || value === null) return;
  for (const [name, one] of Object.entries(value)) refuseInexact(one, `${path}.${name}`);
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
    session: { kind: 'new' },
    title: name,
  };
}

const isSettled = ({ status }: Orchestration): boolean => isFinal(status) || status === 'awaiting_approval';

async function toAnswer(deps: WaitDeps, row: Orchestration): Promise<ToolCallAnswer> {
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
