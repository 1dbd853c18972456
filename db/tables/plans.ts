import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { AgentId, Category } from '../../contracts/agents.ts';
import type { Approval, ApprovalKind, ApprovalPolicy } from '../../contracts/approval.ts';
import type {
  HealingAction,
  Plan,
  PlanEdits,
  PlanProblem,
  StepEstimate,
  StepKind,
  StepRisk,
  StepStatus,
} from '../../contracts/plan.ts';
import type { SteeringMode } from '../../contracts/steering.ts';

type Instant = ColumnType<Date, string | undefined, string>;
type MaybeInstant = ColumnType<Date | null, string | null | undefined, string | null>;
/** A jsonb column that may be empty; written as JSON text. */
type MaybeJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
/** A jsonb column with a default; written as JSON text. */
type DefaultJson<T> = ColumnType<T, string | undefined, string>;

/** One step of an orchestration. Without a planner's plan every agent is one, and its id is the agent's. */
export interface StepsTable {
  organization_id: string;
  orchestration_id: string;
  id: string;
  position: number;
  kind: ColumnType<StepKind, StepKind | undefined, StepKind>;
  title: Generated<string>;
  instruction: Generated<string>;
  agent: AgentId | null;
  category: Category | null;
  tool: string | null;
  needs: DefaultJson<string[]>;
  condition: string | null;
  risk: ColumnType<StepRisk, StepRisk | undefined, StepRisk>;
  /** From 1: the longest chain of needs before the step. */
  phase: Generated<number>;
  /** Of the plan that brought the step; 0 without a plan. */
  revision: Generated<number>;
  estimate: MaybeJson<StepEstimate>;
  relevance: number;
  status: ColumnType<StepStatus, StepStatus | undefined, StepStatus>;
  model: string | null;
  confidence: number | null;
  reason: string | null;
  /** The model turn that holds the answer. */
  turn_key: string | null;
  cost_nanos: Generated<number>;
  /** Untrusted text has been part of the work. */
  tainted: Generated<boolean>;
  started_at: MaybeInstant;
  finished_at: MaybeInstant;
}

/** Every plan that was made for an orchestration; `draft` is what the planner wrote when it was refused. */
export interface PlansTable {
  organization_id: string;
  orchestration_id: string;
  revision: number;
  source: Plan['source'];
  state: 'rejected' | 'adopted';
  hash: string | null;
  document: MaybeJson<Plan>;
  draft: string | null;
  problems: DefaultJson<PlanProblem[]>;
  created_at: Instant;
}

export interface PlanEditsTable {
  organization_id: string;
  id: string;
  orchestration_id: string;
  user_id: string;
  edits: JSONColumnType<PlanEdits>;
  created_at: Instant;
}

/** Every question that was asked, with its answer; the present one also stands on the orchestration. */
interface ApprovalsTable {
  organization_id: string;
  orchestration_id: string;
  id: string;
  kind: ApprovalKind;
  document: JSONColumnType<Approval>;
  asked_at: Instant;
  decided_at: MaybeInstant;
}

/** Who has answered any question of an orchestration. */
interface ApprovalAnswersTable {
  organization_id: string;
  user_id: string;
  orchestration_id: string;
}

interface ApprovalPoliciesTable {
  organization_id: string;
  document: JSONColumnType<ApprovalPolicy>;
  version: Generated<number>;
  updated_at: Instant;
}

export interface SteeringTable {
  organization_id: string;
  id: string;
  orchestration_id: string;
  user_id: string | null;
  via: string;
  mode: SteeringMode;
  message: string;
  status: ColumnType<'pending' | 'delivered' | 'dropped', 'pending' | undefined, 'delivered' | 'dropped'>;
  step_id: string | null;
  created_at: Instant;
  delivered_at: MaybeInstant;
}

export interface HealingTable {
  organization_id: string;
  orchestration_id: string;
  step_id: string;
  attempt: number;
  root_cause: string;
  action: HealingAction;
  detail: string | null;
  agent: AgentId | null;
  decided_by: 'rule' | 'model';
  status: ColumnType<
    'running' | 'succeeded' | 'failed',
    'running' | 'succeeded' | 'failed' | undefined,
    'succeeded' | 'failed'
  >;
  cost_nanos: Generated<number>;
  created_at: Instant;
}

export interface PlanTables {
  steps: StepsTable;
  plans: PlansTable;
  plan_edits: PlanEditsTable;
  approvals: ApprovalsTable;
  approval_answers: ApprovalAnswersTable;
  approval_policies: ApprovalPoliciesTable;
  steering: SteeringTable;
  healing: HealingTable;
}
