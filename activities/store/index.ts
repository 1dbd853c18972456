import type { Kysely } from 'kysely';
import { textsFor } from '../../contracts/texts.ts';
import type { Decision, Ending, OrchestrationOutcome, RoutedWork } from '../../contracts/workflow.ts';
import { withOrganization } from '../../db/organization.ts';
import { listSteps } from '../../db/queries/steps.ts';
import { changeOrchestration, getOrchestration } from '../../db/queries/orchestrations.ts';
import type { Database } from '../../db/tables/index.ts';
import { progressOf } from '../model/progress.ts';
import type { ApprovalRules } from './approval.ts';
import type { EstimateDeps } from './estimate.ts';
import { finishOrchestration } from './finish.ts';
import { routeRequest, type KeywordAnalysis } from './route.ts';

export interface StoreDeps extends EstimateDeps {
  readonly db: Kysely<Database>;
  readonly analyzeByKeywords: KeywordAnalysis;
  readonly approvalRules: ApprovalRules;
  readonly maxExecutionMs: number;
  readonly wakeReaders: (organizationId: string) => void;
}

export interface Target {
  readonly organizationId: string;
  readonly orchestrationId: string;
}

/** Reads and writes of our own tables: quick, in one transaction each, and safe to repeat. They run as local activities. */
export const createStoreActivities = (deps: StoreDeps) => {
  const thenWake = async <T>(organizationId: string, work: Promise<T>): Promise<T> => {
    const done = await work;
    deps.wakeReaders(organizationId);
    return done;
  };
  return {
    /** Decides who works and whether to ask first. */
    routeRequest: (target: Target): Promise<RoutedWork> =>
      thenWake(target.organizationId, routeRequest(deps, pick(target))),

    /** Writes that a person has approved; the first answer stands. */
    recordApproval: (input: Target & { decision: Decision }): Promise<void> =>
      thenWake(input.organizationId, recordApproval(deps, input)),

    /** Writes the end. */
    finishOrchestration: (input: Target & { ending: Ending }): Promise<OrchestrationOutcome> =>
      thenWake(input.organizationId, finishOrchestration(deps, input)),
  };
};

const pick = ({ organizationId, orchestrationId }: Target): Target => ({ organizationId, orchestrationId });

async function recordApproval(
  deps: StoreDeps,
  { organizationId, orchestrationId, decision }: Target & { decision: Decision },
) {
  await withOrganization(deps.db, organizationId, async (trx) => {
    const { approval, language } = await getOrchestration(trx, orchestrationId);
    if (!approval || approval.decision) return;
    const { step } = progressOf(await listSteps(trx, orchestrationId), textsFor(language));
    const answered = {
      verdict: decision.verdict,
      by: decision.userId,
      via: decision.via,
      at: new Date().toISOString(),
    };
    await changeOrchestration(trx, {
      organizationId,
      id: orchestrationId,
      set: {
        ...(decision.verdict === 'approve' && { status: 'running', step }),
        approval: JSON.stringify({ ...approval, decision: answered }),
      },
      event: 'approval_decided',
    });
  });
}
