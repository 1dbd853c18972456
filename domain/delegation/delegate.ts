import { createHash, randomUUID } from 'node:crypto';
import { centsToNanos, nanosToCents } from '../../contracts/money.ts';
import type { Principal } from '../../contracts/request.ts';
import {
  type DelegationSetting,
  type ToolResult,
  DelegationOutput,
  DELEGATE,
  DELEGATE_CONNECTION,
} from '../../contracts/tools.ts';
import { type OrganizationTransaction, withOrganization } from '../../db/organization.ts';
import { NoRoomInBudgetError, reserve } from '../../db/queries/budget.ts';
import { insertDelegationLog } from '../../db/queries/events.ts';
import { getOrchestration } from '../../db/queries/orchestrations.ts';
import { isDelegationAllowed, setDelegation } from '../../db/queries/organizations.ts';
import { release, settle, settleAsUnknown } from '../../db/queries/settle.ts';
import { audit } from '../audit.ts';
import { ToolCallError, type CallOptions } from '../tools/tool-ports.ts';
import { errorResult } from '../tools/results.ts';
import type { Offer, OfferedTool, ToolDeps, ToolHost, ToolInvocation } from '../tools/tool-host.ts';
import type { DatabaseDeps } from '../deps.ts';
import { riskOf } from '../tools/offers.ts';
import type { Delegation } from './delegation-port.ts';

/** A reservation outlives the longest task by this, s. */
const MARGIN_SECONDS = 300;

/**
 * Hands a task to a coding agent. Its money goes through the ledger as a model's does: the most it may take is set aside
 * before, what it says it has cost is booked after. One that says no cost is paid elsewhere and booked as nothing.
 */
export async function delegate(
  deps: ToolDeps,
  { target, row, tool }: ToolInvocation,
  options: CallOptions,
): Promise<ToolResult> {
  const { organizationId, orchestrationId } = target;
  const usageId = randomUUID();
  const turnKey = `delegate:${row.id}`;
  const userId = await setAside(deps, { organizationId, orchestrationId, turnKey, usageId, model: tool.name });
  if (typeof userId === 'object' && userId !== null) return userId;
  const inTransaction = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
    withOrganization(deps.db, organizationId, work);
  try {
    const result = await deps.delegation.call(tool.remoteName, row.arguments, {
      ...options,
      workspaceKey: createHash('sha256').update(`${orchestrationId}/${row.id}`).digest('hex').slice(0, 32),
      organizationId,
      ...(userId && { userId }),
      onLog: async (lines) => {
        await inTransaction((trx) =>
          insertDelegationLog(trx, { organizationId, orchestrationId, tool: tool.name, callId: row.id, lines }),
        );
        deps.wakeReaders(organizationId);
      },
    });
    const cost = costOf(result);
    await inTransaction(async (trx) => {
      if (cost) await settle(trx, usageId, cost.nanos, cost.tokens);
      else await release(trx, usageId);
    });
    return result;
  } catch (error) {
    // A task that was not taken is free. Whatever another has cost until then nobody knows: it counts as all that was set aside.
    await inTransaction(async (trx) => {
      if (wasNotTaken(error)) await release(trx, usageId);
      else await settleAsUnknown(trx, { orchestrationId, turnKey });
    });
    throw error;
  }
}

const wasNotTaken = (error: unknown): boolean =>
  error instanceof ToolCallError && error.kind !== 'unknown' && error.kind !== 'cancelled';

/** Reserves the most that a task may take; a budget without room is an answer. Answers whose task it is. */
async function setAside(
  deps: ToolDeps,
  given: { organizationId: string; orchestrationId: string; turnKey: string; usageId: string; model: string },
): Promise<string | null | ToolResult> {
  const { organizationId, orchestrationId, turnKey, usageId, model } = given;
  try {
    return await withOrganization(deps.db, organizationId, async (trx) => {
      const { user_id: userId } = await getOrchestration(trx, orchestrationId);
      await settleAsUnknown(trx, { orchestrationId, turnKey });
      const nanos = centsToNanos(deps.delegationMaxCents);
      const expiresInSeconds = deps.delegationTimeoutMs / 1_000 + MARGIN_SECONDS;
      const who = { id: usageId, organizationId, orchestrationId, userId, turnKey, agent: null };
      await reserve(trx, { ...who, model, nanos, expiresInSeconds }, deps.defaultLimits);
      return userId;
    });
  } catch (error) {
    if (!(error instanceof NoRoomInBudgetError)) throw error;
    const missing = nanosToCents(error.missingNanos).toFixed(0);
    return errorResult(
      `${error.message} A coding task sets ${deps.delegationMaxCents} cents aside; ${missing} are missing. The budget resets at ${error.resetsAt}.`,
    );
  }
}

function costOf({ data }: ToolResult) {
  const output = DelegationOutput.safeParse(data).data;
  if (!output || output.costCents === null) return undefined;
  const tokens = { inputTokens: output.inputTokens ?? 0, outputTokens: output.outputTokens ?? 0 };
  return { nanos: centsToNanos(output.costCents), tokens: { ...tokens, cacheWriteTokens: 0, cacheReadTokens: 0 } };
}

/**
 * The host with coding agents among its tools, for organizations whose admin has allowed that. Agents are offered those
 * that are there; whoever names another one is told what to set. They are called through `Delegation`, which wants more
 * than a connection does.
 */
export function withDelegation(
  host: ToolHost,
  { db, delegation }: DatabaseDeps & { readonly delegation: Pick<Delegation, 'tools' | 'available'> },
): ToolHost {
  const all = delegation.tools().map((definition): OfferedTool => ({
    name: `${DELEGATE}__${definition.name}`,
    remoteName: definition.name,
    connectionId: DELEGATE_CONNECTION,
    connection: definition.title ?? definition.name,
    provider: DELEGATE,
    slug: DELEGATE,
    definition,
    risk: riskOf(definition.annotations, true),
    idempotent: false,
    takesEffectKey: false,
    canReadBack: false,
    canUndo: false,
    alwaysAsks: true,
  }));
  const withAvailable = async (trx: OrganizationTransaction, offer: Offer): Promise<Offer> => {
    const available = new Set<string>(await delegation.available());
    // Where there is none, nobody has to be asked.
    if (available.size === 0 || !(await isDelegationAllowed(trx))) return offer;
    return { ...offer, tools: [...offer.tools, ...all.filter(({ remoteName }) => available.has(remoteName))] };
  };
  const named = (name: string) => all.find((tool) => tool.name === name);
  const allowed = async (trx: OrganizationTransaction, tool: OfferedTool) =>
    (await isDelegationAllowed(trx)) ? tool : undefined;
  return {
    ...host,
    offerIn: async (trx, to) => withAvailable(trx, await host.offerIn(trx, to)),
    offer: async (user, category) => {
      const offer = await host.offer(user, category);
      return withOrganization(db, user.organizationId, (trx) => withAvailable(trx, offer));
    },
    find: async (user, name) => {
      const tool = named(name);
      return tool ? withOrganization(db, user.organizationId, (trx) => allowed(trx, tool)) : host.find(user, name);
    },
    load: async (trx, user, name) => {
      const known = named(name);
      if (!known) return host.load(trx, user, name);
      const tool = await allowed(trx, known);
      return tool && { tool, connection: undefined };
    },
    resource: (provider, ...rest) => (provider === DELEGATE ? undefined : host.resource(provider, ...rest)),
  };
}

/** Whether the organization's work may be handed to coding agents. */
export const readDelegation = ({ db }: DatabaseDeps, { organizationId }: Principal): Promise<DelegationSetting> =>
  withOrganization(db, organizationId, async (trx) => ({ enabled: await isDelegationAllowed(trx) }));

/** Allows or forbids it from the next call on, also of calls that wait, and writes down who did. */
export const changeDelegation = (
  { db }: DatabaseDeps,
  by: Principal,
  { enabled }: DelegationSetting,
): Promise<DelegationSetting> =>
  withOrganization(db, by.organizationId, async (trx) => {
    await setDelegation(trx, by.organizationId, enabled);
    await audit(trx, by, 'delegation.set', by.organizationId, { enabled });
    return { enabled };
  });
