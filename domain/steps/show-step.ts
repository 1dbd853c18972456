import { textsFor } from '../../contracts/texts.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { lockOrchestration, updateOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { setStepAndList } from '../../db/queries/steps.ts';
import { progressOf } from './progress.ts';

/**
 * Changes a step's row and, when that changes what people see, the orchestration's line. The orchestration's row is
 * locked first, so that steps that end together count each other.
 */
export async function showStep(
  trx: OrganizationTransaction,
  orchestrationId: string,
  id: string,
  set: Parameters<typeof setStepAndList>[2],
  always: boolean,
): Promise<Orchestration | undefined> {
  const { language, step, progress, status } = await lockOrchestration(trx, orchestrationId);
  const steps = await setStepAndList(trx, { orchestrationId, id }, set);
  const next = progressOf(steps, textsFor(language));
  const planned = steps.some(({ revision }) => revision > 0);
  if (!always && !planned && next.step === step && next.progress <= progress) return undefined;
  // While a human is asked, the question stays what people read first.
  const shown = status === 'awaiting_approval' ? { progress: next.progress } : next;
  return updateOrchestration(trx, { id: orchestrationId, set: shown });
}
