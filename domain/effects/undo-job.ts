import { queueOfProvider } from '../../contracts/queues.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { OrchestrationTarget, UndoableEffect, UndoOutcome } from '../../contracts/workflow.ts';
import { withOrganization, type DatabaseDeps } from '../../db/organization.ts';
import { listEffects, listUndoable } from '../../db/queries/effects.ts';
import { getOrchestration, lockOrchestration, tellFinished } from '../../db/queries/orchestrations.ts';
import type { ToolHost } from '../tools/tool-host.ts';

/** The ledger's keys of what an undo takes back, the newest change first, each with the queue of its tool's pool. */
export async function listUndoableEffects(
  deps: DatabaseDeps & { readonly host: Pick<ToolHost, 'find'> },
  { organizationId, orchestrationId }: OrchestrationTarget,
): Promise<{ effects: UndoableEffect[] }> {
  const { effects, userId } = await withOrganization(deps.db, organizationId, async (trx) => ({
    effects: await listUndoable(trx, orchestrationId),
    userId: (await getOrchestration(trx, orchestrationId)).user_id,
  }));
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
    const step = textsFor(language).tools.undone(done, tried.length);
    await tellFinished(trx, orchestrationId, { step });
    return { done, total: tried.length };
  });
}
