import type { Attempt } from '../domain/attempt.ts';
import { textsFor } from '../contracts/texts.ts';
import type { Healing, StepRound } from '../contracts/workflow.ts';
import type { OrganizationTransaction } from '../db/organization.ts';
import { updateOrchestration, type Orchestration } from '../db/queries/orchestrations.ts';
import { heartbeating } from './heartbeating.ts';
import { loadContext, type Target } from '../domain/steps/context.ts';
import { healStep, type FailedTry, type HealDeps } from '../domain/healing/heal-step.ts';
import { draftPlan, type DraftTarget, type PlanDeps } from '../domain/planning/draft-plan.ts';
import { analysisPrompt, analysisSchema, MAX_TOKENS, toAnalysis, toConversation } from '../domain/steps/prompts.ts';
import { workOnStep, type StepTarget, type StepTurnDeps } from '../domain/steps/step-turn.ts';
import { ANALYSIS_TURN_KEY } from '../domain/models/turn-keys.ts';
import { takeTurn, type Turn } from '../domain/models/turn.ts';

export type ModelDeps = StepTurnDeps & PlanDeps & HealDeps;

/** The analysis has the keywords behind it. */
const ANALYSIS_TRIES = 2;

/** Model calls. Each is one turn keyed by the orchestration and its name, so a retry never pays for an answer twice. */
export const createModelActivities = (deps: ModelDeps) => ({
  /** Asks the fast model what the request means and stores its analysis. Idempotent by the turn. */
  analyzeRequest: (target: Target): Promise<void> => heartbeating((attempt) => analyze(deps, target, attempt)),

  /** Has the deep model draft a plan; `adoptPlan` reads it. Idempotent by the turn. */
  draftPlan: (input: DraftTarget): Promise<void> => heartbeating((attempt) => draftPlan(deps, input, attempt)),

  /** Lets one agent work on one step, and answers the calls it wants made. Idempotent by the turn. */
  runAgent: (input: StepTarget): Promise<StepRound | undefined> =>
    heartbeating((attempt) => workOnStep(deps, input, attempt)),

  /** Decides how a failed try is healed, and writes it down. Idempotent by step and attempt. */
  healStep: (input: FailedTry): Promise<Healing> => heartbeating((attempt) => healStep(deps, input, attempt)),
});

async function analyze(deps: ModelDeps, target: Target, attempt: Attempt): Promise<void> {
  const { organizationId } = target;
  await takeTurn(deps, { organizationId, prepare: (trx) => prepareAnalysis(trx, deps, target) }, attempt);
}

async function prepareAnalysis(trx: OrganizationTransaction, deps: ModelDeps, target: Target): Promise<Turn> {
  const { organizationId, orchestrationId } = target;
  const { orchestration, history, today, timeZone } = await loadContext(trx, deps, target, () => Promise.resolve());
  return {
    organizationId,
    orchestrationId,
    userId: orchestration.user_id,
    agent: null,
    tries: ANALYSIS_TRIES,
    request: {
      model: deps.models.fast,
      system: analysisPrompt(deps.agents, today, timeZone),
      messages: toConversation(history, orchestration.message),
      maxTokens: MAX_TOKENS.fast,
      schema: analysisSchema(),
      turnKey: ANALYSIS_TURN_KEY,
    },
    onStart: (trx) => showUnderstanding(trx, orchestration),
    onEnd: (trx, { text }) => storeAnalysis(trx, orchestrationId, text),
  };
}

const showUnderstanding = (trx: OrganizationTransaction, { id, language }: Orchestration) =>
  updateOrchestration(trx, {
    id,
    set: {
      status: 'running',
      progress: 5,
      step: textsFor(language).understanding,
      started_at: new Date().toISOString(),
    },
  });

/** Nothing that people see changes with it. */
async function storeAnalysis(trx: OrganizationTransaction, orchestrationId: string, text: string): Promise<undefined> {
  const analysis = toAnalysis(text);
  if (!analysis) return;
  await trx
    .updateTable('orchestrations')
    .set({ analysis: JSON.stringify(analysis) })
    .where('id', '=', orchestrationId)
    .execute();
}
