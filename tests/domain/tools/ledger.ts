import { argumentsHash } from '../../../domain/tools/call-identity.ts';
import { createToolActivities } from '../../../activities/tools.ts';
import type { ToolDeps, OfferedTool } from '../../../domain/tools/tool-host.ts';
import type { KillPoint } from '../../../domain/kill-points.ts';
import type { CallOutcome } from '../../../contracts/workflow.ts';
import { withOrganization } from '../../../db/organization.ts';
import { listEffects, type Effect } from '../../../db/queries/effects.ts';
import { findToolCall, insertToolCalls, type ToolCall } from '../../../db/queries/tool-calls.ts';
import { createOrchestration, createTenant } from '../../db/world.ts';
import type { TestDatabase } from '../../support/database.ts';
import { attempt, KilledError } from '../models/turn-fixture.ts';
import { openWorld, scriptedHost, type Deed, type World } from './scripted-host.ts';

/** One job of a new organization, with calls that its agent wants, and a provider that goes as it is told. */
export async function openLedger(database: TestDatabase) {
  const tenant = await createTenant(database.db);
  const orchestrationId = await createOrchestration(database.db, tenant, {}, ['ops']);
  const { organizationId } = tenant;
  const inside = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
    withOrganization(database.db, organizationId, work);

  /** A product with one tool, whose provider goes as the script says. */
  function open(offered: OfferedTool, ...script: Deed[]) {
    const world = openWorld(...script);
    const host = scriptedHost([offered], world);
    let deadly: KillPoint | undefined;
    const deps: ToolDeps = {
      db: database.db,
      host,
      delegation: { call: () => Promise.reject(new Error('Nobody delegates here.')) },
      defaultLimits: { userDayNanos: 1e12, organizationMonthNanos: 1e13 },
      delegationTimeoutMs: 1_000,
      delegationMaxCents: 100,
      reachKillPoint: (point) => {
        if (point !== deadly) return;
        deadly = undefined;
        throw new KilledError(point);
      },
      wakeReaders: () => undefined,
      showProgress: () => Promise.resolve(),
    };
    const activities = createToolActivities(deps);
    const make = (nth = 1, call = 'c1') =>
      attempt(nth, () => activities.callTool({ organizationId, orchestrationId, call }));
    const undo = async (call = 'c1') => {
      const key = (await inside((trx) => findToolCall(trx, { orchestrationId, id: call })))?.effect_key ?? '';
      return attempt(1, () => activities.undoEffect({ organizationId, orchestrationId, key }));
    };
    return { world, deps, make, undo, killAt: (point: KillPoint) => void (deadly = point), activities };
  }

  async function want(
    offered: OfferedTool,
    changes: Partial<ToolCall> = {},
    args: Record<string, unknown> = { title: 'Ship' },
  ) {
    const row = {
      organization_id: organizationId,
      orchestration_id: orchestrationId,
      id: 'c1',
      step_id: 'ops',
      tool: offered.name,
      connection_id: offered.connectionId,
      arguments: JSON.stringify(args),
      arguments_hash: argumentsHash(args),
      risk: offered.risk,
      ...(changes as object),
    };
    await inside((trx) => insertToolCalls(trx, [row]));
  }

  const ledger = async (): Promise<Pick<Effect, 'state' | 'settled_by' | 'attempts'>[]> =>
    (await inside((trx) => listEffects(trx, orchestrationId))).map(({ state, settled_by, attempts }) => ({
      state,
      settled_by,
      attempts,
    }));
  const call = (id = 'c1') => inside((trx) => findToolCall(trx, { orchestrationId, id }));
  /** Whoever sent it cannot be at it any more. */
  const patienceIsOver = () => database.look(`update effects set answer_until = now() - interval '1 second'`);
  return { tenant, organizationId, orchestrationId, inside, open, want, ledger, call, patienceIsOver };
}

export type Ledger = Awaited<ReturnType<typeof openLedger>>;

export const failureOf = (work: Promise<CallOutcome>): Promise<unknown> =>
  work.then(
    () => Promise.reject(new Error('It worked.')),
    (error: unknown) => error,
  );

/** How often something really happened at the provider. */
export const times = ({ happened }: World) => happened.length;
