import type { Healing, OrchestrationTarget, StepRound } from '../contracts/workflow.ts';
import { healStep, type FailedTry, type HealDeps } from '../domain/healing/heal-step.ts';
import { draftPlan, type DraftTarget, type PlanDeps } from '../domain/planning/draft-plan.ts';
import { analyzeRequest, type AnalysisDeps } from '../domain/steps/analyze-request.ts';
import { workOnStep } from '../domain/steps/step-turn.ts';
import type { StepTarget, StepTurnDeps } from '../domain/steps/step-work.ts';
import { heartbeating } from './heartbeating.ts';

export type ModelDeps = AnalysisDeps & StepTurnDeps & PlanDeps & HealDeps;

/** Model calls. Each is one turn keyed by the orchestration and its name, so a retry never pays for an answer twice. */
export const createModelActivities = (deps: ModelDeps) => ({
  /** Asks the fast model what the request means and stores its analysis. Idempotent by the turn. */
  analyzeRequest: (target: OrchestrationTarget): Promise<void> =>
    heartbeating((attempt) => analyzeRequest(deps, target, attempt)),

  /** Has the deep model draft a plan; `adoptPlan` reads it. Idempotent by the turn. */
  draftPlan: (input: DraftTarget): Promise<void> => heartbeating((attempt) => draftPlan(deps, input, attempt)),

  /** Lets one agent work on one step, and answers the calls it wants made. Idempotent by the turn. */
  runAgent: (input: StepTarget): Promise<StepRound | undefined> =>
    heartbeating((attempt) => workOnStep(deps, input, attempt)),

  /** Decides how a failed try is healed, and writes it down. Idempotent by step and attempt. */
  healStep: (input: FailedTry): Promise<Healing> => heartbeating((attempt) => healStep(deps, input, attempt)),
});
