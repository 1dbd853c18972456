import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { Category, Language } from '../../contracts/agents.ts';
import type { EventType } from '../../contracts/events.ts';
import type { Approval } from '../../contracts/approval.ts';
import type {
  AgentChoice,
  AggregatedResult,
  Analysis,
  JobError,
  JobStatusName,
  OrchestrateRequest,
  Route,
  Unclear,
} from '../../contracts/orchestration.ts';
import type { PlanDecision } from '../../contracts/plan.ts';
import type { StopReceipt } from '../../contracts/steering.ts';
import type { LeftOut } from '../../contracts/tools.ts';
import type { Refusal } from '../../contracts/workflow.ts';

type Instant = ColumnType<Date, string | undefined, string>;
type MaybeInstant = ColumnType<Date | null, string | null | undefined, string | null>;
/** A jsonb column that may be empty; written as JSON text. */
type MaybeJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

export interface SessionsTable {
  organization_id: string;
  id: string;
  user_id: string | null;
  source: 'slack' | 'rest';
  title: string;
  slack_team_id: string | null;
  slack_channel_id: string | null;
  slack_thread_ts: string | null;
  created_at: Instant;
  updated_at: Instant;
}

/** Somebody who has asked in a conversation that another, the host, began. */
interface SessionGuestsTable {
  organization_id: string;
  session_id: string;
  user_id: string;
  host_id: string | null;
}

export type RequestOptions = Pick<
  OrchestrateRequest,
  'agents' | 'category' | 'mode' | 'requireApproval' | 'plan' | 'dryRun'
> & {
  /** One call of one tool, which somebody has named; no agent thinks about it. */
  tool?: { name: string; arguments: Record<string, unknown> };
};

/** What the local router said when the request came in. */
export interface LocalRoute {
  agents: AgentChoice[];
  alternatives: AgentChoice[];
  confidence: number;
  abstained: boolean;
  reason: string;
  /** Of every agent, highest first. */
  scores?: AgentChoice[];
  /** An admin has decided about these very words. */
  decidedBy?: 'local' | 'override';
  /** The override that was followed, also for words like its own. */
  overrideId?: string;
  /** Of the organization's overrides that the router knew. */
  version?: number;
  /** Requests in the same words share it. */
  textHash?: string;
  /** The model's decision may be kept for the same words. */
  cacheable?: boolean;
  /** What local rules say of the request: they are sure of all of it, and no model is asked. */
  understood?: Pick<Analysis, 'intent' | 'mode'>;
  /** What they are not sure of, for which the model is asked. */
  unclear?: Unclear;
}

export interface OrchestrationsTable {
  organization_id: string;
  id: string;
  session_id: string;
  user_id: string | null;
  source: 'slack' | 'rest';
  message: string;
  options: JSONColumnType<RequestOptions>;
  refusal: Refusal | null;
  language: Language;
  category: Category | null;
  status: ColumnType<JobStatusName, JobStatusName | undefined, JobStatusName>;
  progress: Generated<number>;
  step: Generated<string>;
  version: Generated<number>;
  local_route: MaybeJson<LocalRoute>;
  analysis: MaybeJson<Analysis>;
  route: MaybeJson<Route>;
  approval: MaybeJson<Approval>;
  result: MaybeJson<AggregatedResult>;
  error: MaybeJson<JobError>;
  plan_decision: MaybeJson<PlanDecision>;
  receipt: MaybeJson<StopReceipt>;
  cancel_asked_at: MaybeInstant;
  /** Connections whose tools could not be offered. */
  left_out: MaybeJson<LeftOut[]>;
  /** Its planner has seen untrusted text, which may have chosen what the plan calls. */
  plan_tainted: Generated<boolean>;
  demo: Generated<boolean>;
  slack_team_id: string | null;
  slack_channel_id: string | null;
  slack_thread_ts: string | null;
  /** The message that asked. */
  slack_message_ts: string | null;
  /** Words of other people stand in the message: forwarded, or said before in its thread. */
  quotes_others: Generated<boolean>;
  /** What the person made of the message since, and has not given to the work. */
  edited_message: Generated<string | null>;
  /** The person took the message back: its words are shown to nobody any more. */
  message_deleted_at: MaybeInstant;
  created_at: Instant;
  started_at: MaybeInstant;
  finished_at: MaybeInstant;
}

export interface MessagesTable {
  organization_id: string;
  id: string;
  session_id: string;
  orchestration_id: string | null;
  role: 'user' | 'assistant';
  content: string;
  created_at: Instant;
}

/** A block of a model's answer: text, a tool call, or whatever else its provider wants back. */
export type ModelBlock = Record<string, unknown> & { type: string };

export interface ModelTurnsTable {
  organization_id: string;
  orchestration_id: string;
  turn_key: string;
  model: string;
  content: string;
  stop_reason: string | null;
  /** The answer as the provider gave it, where it calls tools; sent back as it came. */
  blocks: MaybeJson<ModelBlock[]>;
  cost_nanos: number;
  created_at: Instant;
}

export interface SlackPostsTable {
  organization_id: string;
  orchestration_id: string;
  ts: string | null;
  attempted: Generated<boolean>;
  version: Generated<number>;
  updated_at: Instant;
  /** The hash of the question that it shows, or showed last. */
  shown_hash: string | null;
  /** Nothing can be written there any more, and nobody has moved it yet to the person who asked. */
  lost: Generated<'archived' | 'removed' | 'deleted' | null>;
  /** Until when a process is moving it; once it is over, the next one goes on. */
  lost_claimed_until: Generated<Instant | null>;
  /** How often in a row that has failed for the moment, when it is tried again, and what Slack said last. */
  lost_failures: Generated<number>;
  lost_next_at: MaybeInstant;
  lost_problem: Generated<string | null>;
}

interface SlackBucketsTable {
  organization_id: string;
  bucket: string;
  next_at: Instant;
}

interface EventCountersTable {
  organization_id: string;
  last_id: number;
  /** When the newest event was written; none is of a later time. */
  last_at: Instant;
}

interface EventsTable {
  organization_id: string;
  id: number;
  type: EventType;
  orchestration_id: string | null;
  session_id: string | null;
  user_id: string | null;
  data: JSONColumnType<Record<string, unknown>>;
  created_at: Instant;
}

export interface WorkTables {
  sessions: SessionsTable;
  session_guests: SessionGuestsTable;
  orchestrations: OrchestrationsTable;
  messages: MessagesTable;
  model_turns: ModelTurnsTable;
  slack_posts: SlackPostsTable;
  slack_buckets: SlackBucketsTable;
  event_counters: EventCountersTable;
  events: EventsTable;
}
