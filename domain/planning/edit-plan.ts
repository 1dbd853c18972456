import type { Approval } from '../../contracts/approval.ts';
import { isFinal, type AggregatedResult, type JobStatus } from '../../contracts/orchestration.ts';
import type { Plan, PlanDraft, PlanEdits, PlanProblem, PlanStep, StepView } from '../../contracts/plan.ts';
import type { Decision, OrchestrationTarget, Question, RevisedPlan } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { lockOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { getEdits, listPlans, setApproval } from '../../db/queries/plans.ts';
import { toQuestion } from '../approvals/approval.ts';
import { adopt, checkDraft, toOutline, type AdoptPlanDeps } from './adopt-plan.ts';
import { currentPolicy, type PolicyDeps } from '../approvals/policy.ts';

/**
 * Applies a person's edits to the plan that waits: validated and priced anew under the next revision. The person's
 * approval covers it when the policy needs one approval only and nothing in it has become more expensive or riskier than what
 * was shown; otherwise the new plan is asked about. Refused edits change nothing. Safe to repeat: edits are applied once.
 */
export function revisePlan(
  deps: AdoptPlanDeps,
  input: OrchestrationTarget & { decision: Decision },
): Promise<RevisedPlan> {
  const { organizationId, orchestrationId, decision } = input;
  return withOrganization(deps.db, organizationId, async (trx) => {
    const orchestration = await lockOrchestration(trx, orchestrationId);
    const { approval } = orchestration;
    const plans = await listPlans(trx, orchestrationId);
    const [last, before] = plans.flatMap(({ document }) => document ?? []).toReversed();
    if (!approval || !last || !decision.editId) return noPlanToEdit();
    const wasOf = approval.plan.revision;
    // A decision names the question that waits, so a newer edited plan is the result of these edits: this is a retry.
    const isNewer = approval.id !== decision.approvalId || (wasOf ?? last.revision) < last.revision;
    if (last.source === 'edited' && before && isNewer) {
      const asked = wasOf === last.revision && !approval.decision ? toQuestion(approval, Date.now()) : undefined;
      return toRevisedPlan(deps, trx, orchestration, { before, plan: last, asked });
    }
    // Questions about a step, a budget or a failure have no plan to edit.
    if (approval.id !== decision.approvalId || approval.decision || wasOf !== last.revision) return noPlanToEdit();
    const edited = applyEdits(toDraft(last), await getEdits(trx, decision.editId));
    const checked = 'problems' in edited ? edited : await checkDraft(deps, trx, orchestration, edited.draft);
    if ('problems' in checked) return { verdict: 'rejected', problems: checked.problems };
    const revision = Math.max(...plans.map((plan) => plan.revision)) + 1;
    const plan = { ...checked, revision, source: 'edited' as const };
    const adopted = await adopt(deps, trx, orchestration, plan, false);
    const withdrawn = { verdict: 'withdrawn' as const, by: decision.userId, via: decision.via };
    await setApproval(trx, orchestrationId, {
      ...approval,
      decision: { ...withdrawn, at: new Date().toISOString() },
    });
    return toRevisedPlan(deps, trx, orchestration, { before: last, plan, asked: adopted.approval });
  });
}

/** Whether the editor's own approval covers the edited plan. */
async function toRevisedPlan(
  deps: PolicyDeps,
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  { before, plan, asked }: { before: Plan; plan: Plan; asked: Question | undefined },
): Promise<RevisedPlan> {
  const { answers } = await currentPolicy(trx, deps, { askerId: orchestration.user_id, now: Date.now() });
  const isMoreExpensive = plan.cents > Math.max(before.cents, answers.thresholdCents);
  const isRiskier = plan.steps.some(
    (step) => step.risk !== 'read' && before.steps.find(({ id }) => id === step.id)?.risk !== step.risk,
  );
  const isEnough = (answers.quorum ?? 1) === 1 && !isMoreExpensive && !isRiskier;
  return isEnough || !asked
    ? { verdict: 'approved', plan: toOutline(plan) }
    : { verdict: 'asked', question: asked, plan: toOutline(plan) };
}

function noPlanToEdit(): RevisedPlan {
  const problem: PlanProblem = {
    step: null,
    field: 'edits',
    message: 'There is no plan to edit: this question has none.',
  };
  return { verdict: 'rejected', problems: [problem] };
}

const toDraft = ({ goal, steps }: PlanDraft): PlanDraft => ({ goal, steps });

type StepEdit = NonNullable<PlanEdits['steps']>[number];

/**
 * A plan as a person changed it, still to be validated and priced. What needed a removed step needs what that step
 * needed; a condition about it is left to the person.
 */
export function applyEdits(
  draft: PlanDraft,
  { goal = draft.goal, steps: edits = [] }: PlanEdits,
): { draft: PlanDraft } | { problems: PlanProblem[] } {
  const problems = edits.flatMap((edit, i) => problemsOfEdit(edit, draft, edits.slice(0, i)));
  if (problems.length > 0) return { problems };
  const changes = new Map(edits.map((edit) => [edit.id, edit]));
  const edited = draft.steps.map((step) => withEdit(step, changes.get(step.id)));
  const removed = new Map(edited.filter(({ id }) => changes.get(id)?.remove).map((step) => [step.id, step]));
  const steps = edited
    .filter(({ id }) => !removed.has(id))
    .map((step) => ({ ...step, needs: relinked(step.needs, removed) }));
  const asking = steps.flatMap((step) => problemsOfCondition(step, removed));
  if (asking.length > 0) return { problems: asking };
  if (steps.length === 0)
    return { problems: [{ step: null, field: 'steps', message: 'Without these steps nothing is left of the plan.' }] };
  return { draft: { goal, steps } };
}

function problemsOfEdit(edit: StepEdit, draft: PlanDraft, before: readonly StepEdit[]): PlanProblem[] {
  const about = (field: string, message: string): PlanProblem => ({ step: edit.id, field, message });
  const step = draft.steps.find(({ id }) => id === edit.id);
  if (!step) return [about('id', `The plan has no step “${edit.id}”.`)];
  if (before.some(({ id }) => id === edit.id)) return [about('id', `The step “${edit.id}” is changed twice.`)];
  if (edit.agent !== undefined && edit.category !== undefined)
    return [about('agent', 'Name an agent or a category, not both.')];
  const worker = edit.agent === undefined ? edit.category && 'category' : 'agent';
  return worker !== undefined && (step.kind === 'tool' || step.kind === 'approval')
    ? [about(worker, `A step of kind ${step.kind} has no ${worker}.`)]
    : [];
}

/** Naming an agent makes the step that agent's; naming a category makes it a task for whichever agent fits. */
function withEdit(step: PlanStep, edit: StepEdit | undefined): PlanStep {
  if (!edit) return step;
  const { id: _, remove: __, agent, category, ...fields } = edit;
  const named = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const worker: Partial<PlanStep> =
    agent !== undefined
      ? { kind: 'agent', agent, category: null }
      : category !== undefined
        ? { kind: 'task', agent: null, category }
        : {};
  return { ...step, ...named, ...worker };
}

function relinked(needs: readonly string[], removed: ReadonlyMap<string, PlanStep>): string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  const follow = (need: string): void => {
    const gone = removed.get(need);
    if (!gone) return void found.add(need);
    if (seen.has(need)) return;
    seen.add(need);
    gone.needs.forEach(follow);
  };
  needs.forEach(follow);
  return [...found];
}

function problemsOfCondition({ id, when }: PlanStep, removed: ReadonlyMap<string, PlanStep>): PlanProblem[] {
  return [...removed.keys()]
    .filter(
      (gone) => when !== null && new RegExp(`\\bsteps\\s*(?:\\.\\s*${gone}\\b|\\[\\s*["']${gone}["'])`).test(when),
    )
    .map((gone) => ({
      step: id,
      field: 'when',
      message: `Its condition asks about “${gone}”, which is removed; change the condition too.`,
    }));
}

/** Who did what, when and for how much stays; what the request said goes. */
const silent = <T extends Pick<StepView, 'title' | 'instruction' | 'when'>>(step: T, instead: string): T => ({
  ...step,
  title: instead,
  instruction: instead,
  when: null,
});

/**
 * A job whose request its author has deleted, without the words of the request, also where plan, question, healing or
 * messages repeat them. While it runs the steps and the question stay: whoever approves them has to see them. Pure.
 */
export function withoutRequestWords(job: JobStatus, instead: string): JobStatus {
  const { plan, approval, result } = job;
  const isOver = isFinal(job.status);
  const steps = isOver ? plan?.steps.map((step) => silent(step, instead)) : plan?.steps;
  const shown = { ...job, message: instead, ...(plan && steps && { plan: { ...plan, goal: instead, steps } }) };
  if (!isOver) return shown;
  return {
    ...shown,
    ...(approval && { approval: closedWithoutWords(approval, instead) }),
    ...(result?.coverage && { result: withoutTitles(result, instead) }),
    steering: job.steering.map((said) => ({ ...said, message: said.message && instead })),
    // A rule says what failed; a model says it in words of the request.
    healing: job.healing.map((one) => ({
      ...one,
      ...(one.decidedBy === 'model' && { rootCause: instead }),
      detail: one.detail && instead,
    })),
  };
}

const withoutTitles = ({ coverage, ...result }: AggregatedResult, instead: string): AggregatedResult => ({
  ...result,
  ...(coverage && { coverage: { ...coverage, missing: coverage.missing.map((one) => ({ ...one, title: instead })) } }),
});

/** A question that nobody answers any more. */
function closedWithoutWords(approval: Approval, instead: string): Approval {
  const { goal, steps, evidence } = approval.plan;
  const plan = {
    ...approval.plan,
    ...(goal !== undefined && { goal: instead }),
    ...(steps && { steps: steps.map((step) => silent(step, instead)) }),
    ...(evidence && { evidence: [instead] }),
  };
  return { ...approval, plan };
}
