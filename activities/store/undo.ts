import { textsFor } from '../../contracts/texts.ts';
import type { UndoOutcome } from '../../contracts/workflow.ts';
import { withOrganization } from '../../db/organization.ts';
import { listEffects, listUndoable } from '../../db/queries/effects.ts';
import { lockOrchestration, tellFinished } from '../../db/queries/orchestrations.ts';
import type { StoreDeps, Target } from './index.ts';

/** The ledger's keys of what an undo takes back, the newest change first. */
export const openUndo = (deps: StoreDeps, { organizationId, orchestrationId }: Target): Promise<{ keys: string[] }> =>
  withOrganization(deps.db, organizationId, async (trx) => ({
    keys: (await listUndoable(trx, orchestrationId)).map(({ key }) => key),
  }));

/** Says what was taken back, on the job that has ended. */
export function finishUndo(deps: StoreDeps, { organizationId, orchestrationId }: Target): Promise<UndoOutcome> {
  return withOrganization(deps.db, organizationId, async (trx) => {
    const { language } = await lockOrchestration(trx, orchestrationId);
    const tried = (await listEffects(trx, orchestrationId)).filter(({ undo_state: state }) => state !== null);
    const done = tried.filter(({ undo_state: state }) => state === 'DONE').length;
    const step = textsFor(language).tools.undone(done, tried.length);
    await tellFinished(trx, orchestrationId, { step });
    return { done, total: tried.length };
  });
}
