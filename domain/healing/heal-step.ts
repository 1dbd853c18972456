import type { Attempt } from '../attempt.ts';
import type { AgentDefinition, AgentId, Tier } from '../../contracts/agents.ts';
import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { ruleFor } from '../../contracts/healing-rules.ts';
import { centsToNanos, type Nanos } from '../../contracts/money.ts';
import { errorSentence, textsFor, type ErrorCode, type Texts } from '../../contracts/texts.ts';
import type { Healing, OrchestrationTarget } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { insertHealing, listHealing, setHealing, type Healing as HealingRow } from '../../db/queries/healing.ts';
import {
  changeOrchestration,
  getOrchestration,
  lockOrchestration,
  type Orchestration,
} from '../../db/queries/orchestrations.ts';
import { findUser } from '../../db/queries/organizations.ts';
import { listSteps, type Step } from '../../db/queries/steps.ts';
import { listCallsOfSteps, type CallWithEffect } from '../../db/queries/tool-calls.ts';
import { healingCostOf, stepCostOf } from '../../db/queries/costs.ts';
import { diagnosisPrompt, diagnosisRequest, diagnosisSchema, toDiagnosis } from './diagnosis.ts';
import { wordsOfCalls } from '../tools/earlier-tries.ts';
import { dayIn, refuseOver, type TurnContext, type ModelChoices, diagnosisTurnKey } from '../models/turn-context.ts';
import { stepName } from '../../contracts/phases.ts';
import { MAX_TOKENS } from '../steps/prompts.ts';
import { answerTurn, type Turn, type TurnDeps } from '../models/turn.ts';

/** A try that failed, and the number of the attempt to heal it. */
export interface FailedTry extends OrchestrationTarget {
  readonly step: string;
  readonly agent: AgentId;
  readonly attempt: number;
  readonly code: ErrorCode;
}

export interface HealDeps extends TurnDeps, ModelChoices {
  readonly agents: ReadonlyMap<AgentId, AgentDefinition>;
  /** What all healing of one job may cost. */
  readonly healingCapCents: number;
}

const DIAGNOSIS_TRIES = 2;
/** Of what the step has called, as the diagnosis is told it. */
const CALLS_CHARS = 12_000;
/** Where a model that is away is replaced by another one. */
const OTHER_TIER: Readonly<Record<Tier, Tier>> = { deep: 'balanced', balanced: 'fast', fast: 'balanced' };

/** A try follows, or the decision is all there is. */
const STATUS_OF = {
  retry: 'running',
  another_agent: 'running',
  skip: 'succeeded',
  ask: 'failed',
  stop: 'failed',
} as const;

type Decision = Pick<HealingRow, 'root_cause' | 'action' | 'detail' | 'agent' | 'decided_by'>;

/** Decides by rule where the failure is known, by a model's diagnosis otherwise; within the job's cap. */
export async function healStep(deps: HealDeps, input: FailedTry, attempt: Attempt): Promise<Healing> {
  const context = await withOrganization(deps.db, input.organizationId, (trx) => loadFailure(trx, input));
  const kept = context.attempts.find(({ attempt }) => attempt === input.attempt);
  if (kept) return toHealing(deps, input, kept);
  const decided = await decide(deps, input, context, attempt);
  if (!decided) return { action: 'stop' };
  await writeDown(deps, input, decided);
  return toHealing(deps, input, decided);
}

/** What is known of the failed step: its earlier attempts, and what they have cost. */
interface Failure extends Pick<TurnContext, 'today'> {
  readonly orchestration: Orchestration;
  readonly attempts: readonly HealingRow[];
  readonly row: Step | undefined;
  readonly calls: readonly CallWithEffect[];
  readonly spent: Nanos;
  readonly stepSpent: Nanos;
}

async function loadFailure(trx: OrganizationTransaction, { orchestrationId, step }: FailedTry): Promise<Failure> {
  const orchestration = await getOrchestration(trx, orchestrationId);
  refuseOver(orchestration.status);
  const { user_id: userId, created_at: createdAt } = orchestration;
  const asker = userId === null ? undefined : await findUser(trx, userId);
  const today = dayIn(asker?.time_zone ?? 'UTC', createdAt);
  const attempts = (await listHealing(trx, orchestrationId)).filter(({ step_id: id }) => id === step);
  const row = (await listSteps(trx, orchestrationId)).find(({ id }) => id === step);
  const calls = await listCallsOfSteps(trx, orchestrationId, [step]);
  const spent = await healingCostOf(trx, orchestrationId);
  return { orchestration, today, attempts, row, calls, spent, stepSpent: await stepCostOf(trx, orchestrationId, step) };
}

/** Undefined: nothing can heal this, and nothing is shown. */
async function decide(
  deps: HealDeps,
  input: FailedTry,
  context: Failure,
  attempt: Attempt,
): Promise<Decision | undefined> {
  const texts = textsFor(context.orchestration.language);
  const rule = ruleFor(input.code, input.attempt - 1);
  if (rule === 'none') return undefined;
  if (rule)
    return {
      root_cause: texts.healingCauses[rule.cause],
      action: rule.action,
      detail: rule.changeTier ? texts.healingOtherModel : null,
      agent: null,
      decided_by: 'rule',
    };
  if (runsAway(context))
    return { root_cause: texts.circles.cost_rate, action: 'ask', detail: null, agent: null, decided_by: 'rule' };
  if (context.spent >= centsToNanos(deps.healingCapCents))
    return { root_cause: texts.healingCap, action: 'stop', detail: null, agent: null, decided_by: 'rule' };
  return (await diagnose(deps, input, context, attempt)) ?? (input.attempt === 1 ? onceMore(texts) : undefined);
}

/** Nobody could say why: one more try costs less than giving up. */
const onceMore = ({ healingCauses }: Texts): Decision => ({
  root_cause: healingCauses.unknown,
  action: 'retry',
  detail: null,
  agent: null,
  decided_by: 'rule',
});

/** A step of a plan that has cost so many times its worst case is in a loop, whatever its model says. */
const RUNAWAY = 3;
const runsAway = ({ row, stepSpent }: Failure): boolean =>
  row?.estimate ? stepSpent > RUNAWAY * centsToNanos(row.estimate.worstCents) && row.estimate.worstCents > 0 : false;

async function diagnose(
  deps: HealDeps,
  input: FailedTry,
  context: Failure,
  attempt: Attempt,
): Promise<Decision | undefined> {
  try {
    const text = await answerTurn(deps, toTurn(deps, input, context), attempt);
    const found = toDiagnosis(text, { failed: input.agent, agents: new Set(deps.agents.keys()) });
    if (!found) return undefined;
    const { rootCause: root_cause, action, change: detail, agent } = found;
    return { root_cause, action, detail, agent, decided_by: 'model' };
  } catch (error) {
    // A diagnosis that fails finds nothing out.
    const isFinal = error instanceof FailureError && error.nonRetryable && error.type !== FAILURE.alreadyOver;
    if (!isFinal) throw error;
    return undefined;
  }
}

function toTurn(deps: HealDeps, input: FailedTry, { orchestration, row, calls, attempts, today }: Failure): Turn {
  const { organizationId, orchestrationId, step, agent, attempt, code } = input;
  const content = diagnosisRequest({
    title: row ? stepName(row) : step,
    instruction: row?.instruction || orchestration.message,
    agent,
    code,
    sentence: errorSentence(code, 'en'),
    calls: wordsOfCalls(calls, CALLS_CHARS),
    attempts: attempts.map((one) => ({ rootCause: one.root_cause, action: one.action, detail: one.detail })),
  });
  return {
    organizationId,
    orchestrationId,
    userId: orchestration.user_id,
    agent: null,
    tries: DIAGNOSIS_TRIES,
    request: {
      model: deps.models.fast,
      system: diagnosisPrompt(deps.agents, today),
      messages: [{ role: 'user', content }],
      maxTokens: MAX_TOKENS.fast,
      schema: diagnosisSchema(deps.agents.keys()),
      turnKey: diagnosisTurnKey(step, attempt),
    },
  };
}

const writeDown = (deps: HealDeps, input: FailedTry, decided: Decision): Promise<void> =>
  withOrganization(deps.db, input.organizationId, async (trx) => {
    const { organizationId, orchestrationId, step, attempt } = input;
    await lockOrchestration(trx, orchestrationId);
    if (attempt > 1)
      await setHealing(trx, { orchestrationId, stepId: step, attempt: attempt - 1 }, { status: 'failed' });
    await insertHealing(trx, {
      organization_id: organizationId,
      orchestration_id: orchestrationId,
      step_id: step,
      attempt,
      ...decided,
      status: STATUS_OF[decided.action],
    });
    await changeOrchestration(trx, { organizationId, id: orchestrationId, set: {}, event: 'orchestration_progress' });
  }).then(() => deps.wakeReaders(input.organizationId));

function toHealing(
  deps: HealDeps,
  { agent, code }: FailedTry,
  decided: Pick<Decision, 'action' | 'agent' | 'decided_by'>,
): Healing {
  const own = deps.agents.get(agent)?.tier ?? 'balanced';
  const changesTier = decided.decided_by === 'rule' && code === 'model_unavailable';
  return {
    action: decided.action,
    ...(decided.agent && { agent: decided.agent }),
    ...(changesTier && { tier: OTHER_TIER[own] }),
  };
}
