import type { Kysely } from 'kysely';
import type {
  Ending,
  OrchestrationOutcome,
  PlannedWork,
  Question,
  RevisedPlan,
  RoutedWork,
  StepOutline,
} from '../contracts/workflow.ts';
import type { CallOutline, UndoableEffect, UndoOutcome } from '../contracts/workflow.ts';
import type { DefaultLimits } from '../db/queries/budget.ts';
import type { Database } from '../db/tables/index.ts';
import type { ToolHost } from '../domain/tools/tool-host.ts';
import type { ApprovalRules } from '../domain/approvals/approval.ts';
import { closeCalls, prepareToolJob, settleUnknownEffect } from '../domain/tools/tool-job.ts';
import { recordDecision, type DecisionInput } from '../domain/approvals/record-decision.ts';
import type { EstimateDeps } from '../domain/budgets/estimate.ts';
import { finishOrchestration } from '../domain/orchestrations/finish.ts';
import { adoptPlan, type AdoptInput } from '../domain/planning/adopt-plan.ts';
import { askHuman, closeQuestion, type AskInput } from '../domain/approvals/questions.ts';
import { revisePlan } from '../domain/planning/revise.ts';
import { routeRequest, type KeywordAnalysis } from '../domain/routing/route-request.ts';
import { addFollowUpStep, evaluateStepCondition, completeApprovalStep, closeStep } from '../domain/steps/end-step.ts';
import { finishUndo, listUndoableEffects } from '../domain/effects/undo-job.ts';
import { proposeWithoutPlan } from '../domain/planning/without-plan.ts';

export interface StoreDeps extends EstimateDeps {
  readonly db: Kysely<Database>;
  readonly analyzeByKeywords: KeywordAnalysis;
  readonly approvalRules: ApprovalRules;
  readonly maxExecutionMs: number;
  readonly defaultLimits: DefaultLimits;
  /** Money set aside for a plan is given back if nobody closes it for so long, s. */
  readonly envelopeSeconds: number;
  readonly wakeReaders: (organizationId: string) => void;
  readonly host: Pick<ToolHost, 'offerIn' | 'find'>;
  /** Where people reach us, for links. */
  readonly publicUrl: string;
}

export interface Target {
  readonly organizationId: string;
  readonly orchestrationId: string;
}

/** Reads and writes of our own tables: quick, in one transaction each, and safe to repeat. Most run as local activities. */
export const createStoreActivities = (deps: StoreDeps) => {
  const thenWake = async <T>({ organizationId }: Target, work: Promise<T>): Promise<T> => {
    const done = await work;
    deps.wakeReaders(organizationId);
    return done;
  };
  return {
    /** Decides who works, whether a plan is made, and whether to ask first. */
    routeRequest: (target: Target): Promise<RoutedWork> => thenWake(target, routeRequest(deps, pick(target))),

    /** Validates, prices and adopts a planner's draft, or writes down its mistakes. */
    adoptPlan: (input: AdoptInput): Promise<PlannedWork> => thenWake(input, adoptPlan(deps, input)),

    /** Asks whether the routed agents shall answer without a plan. */
    proposeWithoutPlan: (target: Target): Promise<RoutedWork> =>
      thenWake(target, proposeWithoutPlan(deps, pick(target))),

    /** Applies a person's edits to the plan that waits. */
    revisePlan: (input: DecisionInput): Promise<RevisedPlan> => thenWake(input, revisePlan(deps, input)),

    /** Asks a human in the midst of the work. */
    askHuman: (input: AskInput): Promise<Question> => thenWake(input, askHuman(deps, input)),

    /** Writes that a question is over without an answer. */
    closeQuestion: (input: Target & { approvalId: string; verdict: 'expired' | 'withdrawn' }): Promise<void> =>
      thenWake(input, closeQuestion(deps, input)),

    /** Writes what a person has decided; the first answer stands. */
    recordDecision: (input: DecisionInput): Promise<void> => thenWake(input, recordDecision(deps, input)),

    /** Decides a step's condition from what the steps before it have said. */
    evaluateStepCondition: (input: Target & { step: string }): Promise<{ verdict: 'yes' | 'no' | 'broken' }> =>
      evaluateStepCondition(deps, input),

    /** Marks an approval step as done. */
    completeApprovalStep: (input: Target & { step: string }): Promise<void> =>
      thenWake(input, completeApprovalStep(deps, input)),

    /** Marks a step that has ended without an answer. */
    closeStep: (input: Target & { step: string; status: 'failed' | 'skipped'; reason: string }): Promise<void> =>
      thenWake(input, closeStep(deps, input)),

    /** Adds a turn for words that no step could take up any more. */
    addFollowUpStep: (input: Target & { nth: number }): Promise<StepOutline> =>
      thenWake(input, addFollowUpStep(deps, input)),

    /** Writes the one call of a job that is nothing but a call. */
    prepareToolJob: (target: Target): Promise<{ calls: CallOutline[] }> =>
      thenWake(target, prepareToolJob(deps, pick(target))),

    /** Ends calls that will not be made. */
    closeCalls: (
      input: Target & { calls: readonly string[]; as: 'declined' | 'cancelled' | 'failed' },
    ): Promise<void> => closeCalls(deps, input),

    /** Writes what a human has found out about a change whose outcome nobody knew. */
    settleUnknownEffect: (input: Target & { call: string; verdict: 'done' | 'retry' | 'open' }): Promise<void> =>
      settleUnknownEffect(deps, input),

    /** Lists what an undo takes back. */
    listUndoableEffects: (target: Target): Promise<{ effects: UndoableEffect[] }> => listUndoableEffects(deps, target),

    /** Says what was taken back. */
    finishUndo: (target: Target): Promise<UndoOutcome> => thenWake(target, finishUndo(deps, target)),

    /** Writes the end. */
    finishOrchestration: (input: Target & { ending: Ending }): Promise<OrchestrationOutcome> =>
      thenWake(input, finishOrchestration(deps, input)),
  };
};

const pick = ({ organizationId, orchestrationId }: Target): Target => ({ organizationId, orchestrationId });
