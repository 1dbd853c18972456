import { sql, type Insertable, type Selectable, type Updateable } from 'kysely';
import type { AgentChoice } from '../../contracts/orchestration.ts';
import type { PricedStep } from '../../contracts/plan.ts';
import type { StepsTable } from '../tables/plans.ts';
import type { ModelTurnsTable, OrchestrationsTable } from '../tables/work.ts';
import type { OrganizationTransaction } from '../organization.ts';
import { updateOrchestration, type Orchestration } from './orchestrations.ts';
import { turnInsert } from './turns.ts';

export type Step = Selectable<StepsTable>;

interface Key {
  readonly organizationId: string;
  readonly orchestrationId: string;
}

/**
 * The steps of a request without a plan: one for each agent, named like it. Safe to repeat. A statement that goes along
 * with another.
 */
export const agentStepsInsert = (trx: OrganizationTransaction, input: Key & { agents: readonly AgentChoice[] }) =>
  insert(
    trx,
    input.agents.map(({ agent, relevance }, position) => ({ ...rowKey(input), id: agent, agent, relevance, position })),
  );

/** How much of the answer the end of a plan is, and everything that leads there. */
const RELEVANCE = { end: 1, onTheWay: 0.4 };

/**
 * The steps of a plan. Safe to repeat: steps that are there already keep their state. `tainted`: the plan itself was made
 * after reading untrusted text.
 */
export const insertPlanSteps = async (
  trx: OrganizationTransaction,
  input: Key & { revision: number; steps: readonly PricedStep[]; firstPosition: number; tainted?: boolean },
) => {
  if (input.steps.length === 0) return;
  const needed = new Set(input.steps.flatMap(({ needs }) => needs));
  await insert(
    trx,
    input.steps.map((step, index) => ({
      ...rowKey(input),
      id: step.id,
      position: input.firstPosition + index,
      kind: step.kind,
      title: step.title,
      instruction: step.instruction,
      agent: step.agent,
      category: step.category,
      tool: step.tool,
      needs: JSON.stringify(step.needs),
      condition: step.when,
      risk: step.risk,
      phase: step.phase,
      revision: input.revision,
      tainted: input.tainted ?? false,
      estimate: JSON.stringify(step.estimate),
      relevance: needed.has(step.id) ? RELEVANCE.onTheWay : RELEVANCE.end,
    })),
  ).execute();
};

const rowKey = ({ organizationId, orchestrationId }: Key) => ({
  organization_id: organizationId,
  orchestration_id: orchestrationId,
});

/** `rows` holds one at least. */
const insert = (trx: OrganizationTransaction, rows: Insertable<StepsTable>[]) =>
  trx
    .insertInto('steps')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing());

export const listSteps = (trx: OrganizationTransaction, orchestrationId: string): Promise<Step[]> =>
  trx.selectFrom('steps').selectAll().where('orchestration_id', '=', orchestrationId).orderBy('position').execute();

/** What the step line and the progress are made of, without the instructions, which may be long. */
const STATE = ['id', 'title', 'agent', 'status', 'revision', 'position'] as const;
type StepState = Pick<Step, (typeof STATE)[number]>;

/** What a step is told is made of these; only the step itself comes with its instruction. */
export type StepForWork = Pick<
  Step,
  keyof StepState | 'kind' | 'category' | 'needs' | 'turn_key' | 'tool' | 'tainted' | 'cost_nanos' | 'instruction'
>;

/** What a message says of a step. */
const SHOWN = [...STATE, 'model', 'kind', 'phase', 'reason', 'cost_nanos'] as const;
export type StepShown = Pick<Step, (typeof SHOWN)[number]>;

/** All steps, for a message that is redrawn with every one of them. */
export const listStepsShown = (trx: OrganizationTransaction, orchestrationId: string): Promise<StepShown[]> =>
  trx.selectFrom('steps').select(SHOWN).where('orchestration_id', '=', orchestrationId).orderBy('position').execute();

/** Steps of several orchestrations at once, for lists. */
export const listStepsOf = (trx: OrganizationTransaction, orchestrationIds: string[]): Promise<Step[]> =>
  orchestrationIds.length === 0
    ? Promise.resolve([])
    : trx
        .selectFrom('steps')
        .selectAll()
        .where('orchestration_id', 'in', orchestrationIds)
        .orderBy('position')
        .execute();

export const setStep = (
  trx: OrganizationTransaction,
  key: { orchestrationId: string; id: string },
  set: Updateable<StepsTable>,
) => stepUpdate(trx, key, set).execute();

/** As `setStep`, as a statement that goes along with another. */
export const stepUpdate = (
  trx: OrganizationTransaction,
  { orchestrationId, id }: { orchestrationId: string; id: string },
  set: Updateable<StepsTable>,
) => trx.updateTable('steps').set(set).where('orchestration_id', '=', orchestrationId).where('id', '=', id);

/** As `setStep`, with what people see of the orchestration, whose row the caller has locked. */
export const setStepAndProgress = (
  trx: OrganizationTransaction,
  { orchestrationId, id }: { orchestrationId: string; id: string },
  set: Updateable<StepsTable>,
  shown: Updateable<OrchestrationsTable>,
): Promise<Orchestration | undefined> =>
  updateOrchestration(
    trx.with('step', () => stepUpdate(trx, { orchestrationId, id }, set)),
    { id: orchestrationId, set: shown },
  );

/** What a change to a step starts from: the orchestration and the states of its steps, read under its lock. */
export interface OrchestrationSteps {
  readonly language: Orchestration['language'];
  readonly status: Orchestration['status'];
  readonly step: string;
  readonly progress: number;
  readonly steps: readonly StepState[];
}

/** Stores a turn's answer, unless there is one, and reads what its step is about to change. */
export function insertTurnAndListSteps(
  trx: OrganizationTransaction,
  turn: Insertable<ModelTurnsTable>,
): Promise<OrchestrationSteps> {
  return trx
    .with('stored', () => turnInsert(trx, turn))
    .selectFrom('orchestrations as o')
    .select(['o.language', 'o.status', 'o.step', 'o.progress'])
    .select(
      sql<StepState[]>`(select coalesce(json_agg(s order by s.position), '[]'::json) from (
        select ${sql.join(STATE.map((column) => sql.ref(column)))} from steps where orchestration_id = o.id) s)`.as(
        'steps',
      ),
    )
    .where('o.id', '=', turn.orchestration_id)
    .executeTakeFirstOrThrow();
}

/** As `setStep`, and answers how all steps stand then. Whoever counts them holds the orchestration's row. */
export const setStepAndList = (
  trx: OrganizationTransaction,
  { orchestrationId, id }: { orchestrationId: string; id: string },
  set: Updateable<StepsTable>,
): Promise<StepState[]> =>
  trx
    .with('changed', () => stepUpdate(trx, { orchestrationId, id }, set).returning(STATE))
    .selectFrom('changed')
    .select(STATE)
    .unionAll(
      trx.selectFrom('steps').select(STATE).where('orchestration_id', '=', orchestrationId).where('id', '!=', id),
    )
    .orderBy('position')
    .execute();

/** Takes the steps away that a new plan leaves out; what has begun stays. */
export const removeOpenSteps = (trx: OrganizationTransaction, orchestrationId: string) =>
  trx
    .deleteFrom('steps')
    .where('orchestration_id', '=', orchestrationId)
    .where('status', 'in', ['pending', 'waiting'])
    .execute();

/** What was said last weighs more than what it is said about. */
const FOLLOW_UP_RELEVANCE = 1.5;

/** A step that a person's words have added. Safe to repeat. */
export const insertFollowUp = (
  trx: OrganizationTransaction,
  input: Key & Pick<Step, 'id' | 'agent' | 'title' | 'position' | 'phase'> & { needs: readonly string[] },
) => {
  const { id, agent, title, position, phase, needs } = input;
  const row = { ...rowKey(input), id, agent, title, position, phase, relevance: FOLLOW_UP_RELEVANCE };
  return insert(trx, [{ ...row, needs: JSON.stringify(needs) }]).execute();
};
