import { dataIn } from '../json.ts';
import { ConditionError, evaluateCondition, type StepResult } from '../planning/conditions.ts';
import { stepName } from '../../contracts/phases.ts';
import { textsFor, type Texts } from '../../contracts/texts.ts';
import type { OrchestrationTarget, StepOutline } from '../../contracts/workflow.ts';
import { withOrganization, type DatabaseDeps } from '../../db/organization.ts';
import { lockOrchestration, changeOrchestration } from '../../db/queries/orchestrations.ts';
import { insertFollowUp, listSteps, setStepAndList, type Step } from '../../db/queries/steps.ts';
import { listTurns } from '../../db/queries/turns.ts';
import { splitConfidence } from './prompts.ts';

/** Evaluates a step's condition over the results of the steps before it. */
export function evaluateStepCondition(
  deps: DatabaseDeps,
  { organizationId, orchestrationId, step: id }: OrchestrationTarget & { step: string },
): Promise<{ verdict: 'yes' | 'no' | 'broken' }> {
  return withOrganization(deps.db, organizationId, async (trx) => {
    const [steps, all] = await Promise.all([listSteps(trx, orchestrationId), listTurns(trx, orchestrationId)]);
    const condition = steps.find((step) => step.id === id)?.condition;
    if (!condition) return { verdict: 'yes' };
    const turns = new Map(all.map((turn) => [turn.turn_key, turn.content]));
    const results = Object.fromEntries(
      steps.filter((step) => step.id !== id).map((step) => [step.id, toResult(step, turns)]),
    );
    try {
      return { verdict: evaluateCondition(condition, results) ? 'yes' : 'no' };
    } catch (error) {
      if (error instanceof ConditionError) return { verdict: 'broken' };
      throw error;
    }
  });
}

function toResult(step: Step, turns: ReadonlyMap<string, string>): StepResult {
  const { content, confidence } = splitConfidence(turns.get(step.turn_key ?? '') ?? '');
  const status = step.status === 'done' || step.status === 'failed' ? step.status : 'skipped';
  return { status, text: content, confidence: step.status === 'done' ? confidence : 0, data: dataIn(content) };
}

/** A step has ended without an answer: people see at once that it has, and why. */
export const closeStep = (
  deps: DatabaseDeps,
  { status, reason, ...input }: OrchestrationTarget & { step: string; status: 'failed' | 'skipped'; reason: string },
): Promise<void> => recordStepEnd(deps, input, { status, reason });

/** A human has approved an approval step: it is done. */
export const completeApprovalStep = (
  deps: DatabaseDeps,
  input: OrchestrationTarget & { step: string },
): Promise<void> => recordStepEnd(deps, input, { status: 'done' });

/** Writes a step's end and what people see then; a question that waits stays what they read first. */
function recordStepEnd(
  deps: DatabaseDeps,
  { organizationId, orchestrationId, step: id }: OrchestrationTarget & { step: string },
  end: { status: 'done' | 'failed' | 'skipped'; reason?: string },
): Promise<void> {
  return withOrganization(deps.db, organizationId, async (trx) => {
    const { language, status } = await lockOrchestration(trx, orchestrationId);
    const ended = { ...end, finished_at: new Date().toISOString() };
    const { step, progress } = progressOf(
      await setStepAndList(trx, { orchestrationId, id }, ended),
      textsFor(language),
    );
    const set = status === 'awaiting_approval' ? { progress } : { step, progress };
    await changeOrchestration(trx, { organizationId, id: orchestrationId, set, event: 'orchestration_progress' });
  });
}

/** A step of the leading agent for steering that no other step could take up any more. Safe to repeat by its number. */
export function addFollowUpStep(
  deps: DatabaseDeps,
  input: OrchestrationTarget & { nth: number },
): Promise<StepOutline> {
  const { organizationId, orchestrationId, nth } = input;
  return withOrganization(deps.db, organizationId, async (trx) => {
    const { language, route } = await lockOrchestration(trx, orchestrationId);
    const steps = await listSteps(trx, orchestrationId);
    const done = steps.filter(({ status }) => status === 'done');
    const agent = done.at(-1)?.agent ?? route?.agents[0]?.agent ?? 'general';
    const id = `followup_${nth}`;
    const needs = done.map((step) => step.id);
    await insertFollowUp(trx, {
      organizationId,
      orchestrationId,
      id,
      agent,
      needs,
      title: textsFor(language).followUp,
      position: steps.length,
      phase: Math.max(1, ...steps.map(({ phase }) => phase)) + 1,
    });
    return { id, kind: 'agent', agent, needs, runs: 'after_all', conditional: false };
  });
}

/** Where the agents' share of the progress bar begins and ends, in percent. */
const FROM = 15;
const TO = 90;

/** The step line and the progress of an orchestration at work: the first step that still runs is named. */
export function progressOf(
  steps: readonly Pick<Step, 'id' | 'title' | 'agent' | 'status'>[],
  texts: Texts,
): { step: string; progress: number } {
  const finished = steps.filter(({ status }) => ['done', 'failed', 'skipped'].includes(status)).length;
  const progress = Math.round(FROM + ((TO - FROM) * finished) / Math.max(1, steps.length));
  const current = (['running', 'waiting', 'pending'] as const)
    .map((wanted) => steps.find(({ status }) => status === wanted))
    .find((step) => step !== undefined);
  // There is nothing to merge before anybody has answered.
  if (!current) return { step: finished > 0 ? texts.merging : texts.understanding, progress };
  const nth = Math.min(finished + 1, steps.length);
  return { step: texts.running(stepName(current), nth, steps.length), progress };
}
