import { log } from '@temporalio/activity';
import type {
  CallOutline,
  Decision,
  Ending,
  JudgedDecision,
  OrchestrationOutcome,
  OrchestrationTarget,
  PlannedWork,
  Question,
  QuestionInput,
  RevisedPlan,
  RoutedWork,
  StepOutline,
  SteeringMessage,
  UndoableEffect,
  UndoInput,
  UndoOutcome,
} from '../contracts/workflow.ts';
import { askHuman, closeQuestion } from '../domain/approvals/questions.ts';
import { judgeDecision, recordRefusal, type RefusedMessage } from '../domain/approvals/judge-decision.ts';
import { recordDecision, type DecisionInput, type RecordDecisionDeps } from '../domain/approvals/record-decision.ts';
import type { RunQuestionDeps } from '../domain/approvals/run-question.ts';
import { finishUndo, listUndoableEffects } from '../domain/effects/undo.ts';
import { finishOrchestration } from '../domain/orchestrations/finish.ts';
import { adoptPlan, type AdoptInput, type AdoptPlanDeps } from '../domain/planning/adopt-plan.ts';
import { revisePlan } from '../domain/planning/edit-plan.ts';
import { proposeWithoutPlan } from '../domain/routing/routed-work.ts';
import { routeRequest, type RouteRequestDeps } from '../domain/routing/route-request.ts';
import { isSteeringAccepted } from '../domain/steering/steer.ts';
import { addFollowUpStep, evaluateStepCondition, completeApprovalStep, closeStep } from '../domain/steps/end-step.ts';
import type { ToolHost } from '../domain/tools/tool-host.ts';
import { closeCalls, prepareToolJob, settleUnknownEffect } from '../domain/tools/tool-job.ts';

export type StoreDeps = Omit<RouteRequestDeps, 'warn'> &
  AdoptPlanDeps &
  RunQuestionDeps &
  RecordDecisionDeps & {
    readonly host: Pick<ToolHost, 'offerIn' | 'find'>;
    readonly wakeReaders: (organizationId: string) => void;
  };

/** Reads and writes of our own tables: quick, in one transaction each, and safe to repeat. Most run as local activities. */
export const createStoreActivities = (deps: StoreDeps) => {
  const thenWake = async <T>({ organizationId }: OrchestrationTarget, work: Promise<T>): Promise<T> => {
    const result = await work;
    deps.wakeReaders(organizationId);
    return result;
  };
  const warn: RouteRequestDeps['warn'] = (message, details) => log.warn(message, details);
  return {
    /** Decides who works, whether a plan is made, and whether to ask first. */
    routeRequest: (target: OrchestrationTarget): Promise<RoutedWork> =>
      thenWake(target, routeRequest({ ...deps, warn }, target)),

    /** Validates, prices and adopts a planner's draft, or records its mistakes. */
    adoptPlan: (input: AdoptInput): Promise<PlannedWork> => thenWake(input, adoptPlan(deps, input)),

    /** Asks whether the routed agents shall answer without a plan. */
    proposeWithoutPlan: (target: OrchestrationTarget): Promise<RoutedWork> =>
      thenWake(target, proposeWithoutPlan(deps, target)),

    /** Applies a person's edits to the plan that waits for approval. */
    revisePlan: (input: DecisionInput): Promise<RevisedPlan> => thenWake(input, revisePlan(deps, input)),

    /** Asks a human while the work runs. */
    askHuman: (input: QuestionInput): Promise<Question> => thenWake(input, askHuman(deps, input)),

    /** Records that a question is over without an answer. */
    closeQuestion: (input: OrchestrationTarget & { approvalId: string; verdict: 'expired' | 'withdrawn' }) =>
      thenWake(input, closeQuestion(deps, input)),

    /** Finds out from our tables who an answer comes from. */
    judgeDecision: (
      input: OrchestrationTarget & { decision: Decision; others: readonly string[] },
    ): Promise<JudgedDecision> => judgeDecision(deps, input),

    /** Writes down a message to the work that does not count. */
    recordRefusal: (input: RefusedMessage): Promise<void> => recordRefusal(deps, input),

    /** Whether somebody who may has said this to the work. */
    isSteeringAccepted: (input: OrchestrationTarget & { message: SteeringMessage }): Promise<boolean> =>
      isSteeringAccepted(deps, input),

    /** Records what a person has decided; the first answer stands. */
    recordDecision: (input: DecisionInput): Promise<void> => thenWake(input, recordDecision(deps, input)),

    /** Decides a step's condition from what the steps before it have said. */
    evaluateStepCondition: (
      input: OrchestrationTarget & { step: string },
    ): Promise<{ verdict: 'yes' | 'no' | 'broken' }> => evaluateStepCondition(deps, input),

    /** Marks an approval step as done. */
    completeApprovalStep: (input: OrchestrationTarget & { step: string }): Promise<void> =>
      thenWake(input, completeApprovalStep(deps, input)),

    /** Marks a step that has ended without an answer. */
    closeStep: (input: OrchestrationTarget & { step: string; status: 'failed' | 'skipped'; reason: string }) =>
      thenWake(input, closeStep(deps, input)),

    /** Adds a turn for steering that no step could take up any more. */
    addFollowUpStep: (input: OrchestrationTarget & { nth: number }): Promise<StepOutline> =>
      thenWake(input, addFollowUpStep(deps, input)),

    /** Records the one call of a job that is nothing but a call. */
    prepareToolJob: (target: OrchestrationTarget): Promise<{ calls: CallOutline[] }> =>
      thenWake(target, prepareToolJob(deps, target)),

    /** Ends calls that will not be made; answers those that may have been. */
    closeCalls: (input: OrchestrationTarget & { calls: readonly string[]; as: 'declined' | 'cancelled' | 'failed' }) =>
      closeCalls(deps, input),

    /** Records what a human has found out about a change whose outcome was unknown. */
    settleUnknownEffect: (
      input: OrchestrationTarget & { call: string; verdict: 'done' | 'retry' | 'open' },
    ): Promise<void> => settleUnknownEffect(deps, input),

    /** Lists what an undo takes back; nothing for somebody who may not. */
    listUndoableEffects: (input: UndoInput): Promise<{ effects: UndoableEffect[] }> => listUndoableEffects(deps, input),

    /** Records what was taken back. */
    finishUndo: (target: OrchestrationTarget): Promise<UndoOutcome> => thenWake(target, finishUndo(deps, target)),

    /** Records the end. */
    finishOrchestration: (input: OrchestrationTarget & { ending: Ending }): Promise<OrchestrationOutcome> =>
      thenWake(input, finishOrchestration(deps, input)),
  };
};
