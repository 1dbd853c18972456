import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { AgentId, Tier } from '../../contracts/agents.ts';

type Instant = ColumnType<Date, string | undefined, string>;

/** `reserved` is promised, `settled` is paid, `released` was never charged, `unknown` counts as paid at its worst case. */
type UsageState = 'reserved' | 'settled' | 'released' | 'unknown';

interface UsageTable {
  organization_id: string;
  id: string;
  orchestration_id: string;
  user_id: string | null;
  turn_key: string;
  agent: AgentId | null;
  model: string;
  state: UsageState;
  reserved_nanos: number;
  cost_nanos: Generated<number>;
  input_tokens: Generated<number>;
  output_tokens: Generated<number>;
  cache_write_tokens: Generated<number>;
  cache_read_tokens: Generated<number>;
  reserved_on: string;
  created_at: Instant;
  settled_at: ColumnType<Date | null, string | null | undefined, string | null>;
  expires_at: Instant;
  /** The part of the reservation that came from the orchestration's envelope. */
  envelope_nanos: Generated<number>;
  /** The tier that the agent asks for, when the pressure on a budget gave it a cheaper one. */
  stepped_down_from: Tier | null;
  /** Calls of the provider that this reservation has served, and the execution of an activity that made them. */
  calls: Generated<number>;
  execution: ColumnType<string | null, undefined, string>;
}

/** What the calls of a day have cost, by person, agent and model; those without a person or an agent are null. */
interface UsageDaysTable {
  organization_id: string;
  day: string;
  user_id: string | null;
  agent: AgentId | null;
  model: string;
  calls: Generated<number>;
  input_tokens: Generated<number>;
  output_tokens: Generated<number>;
  cache_write_tokens: Generated<number>;
  cache_read_tokens: Generated<number>;
  cost_nanos: Generated<number>;
}

/** What is set aside for one orchestration. What remains of it is reserved in the windows of the day it was opened. */
interface EnvelopesTable {
  organization_id: string;
  orchestration_id: string;
  user_id: string | null;
  wanted_nanos: number;
  /** Reserved by calls under way or spent by them. */
  used_nanos: Generated<number>;
  remaining_nanos: GeneratedAlways<number>;
  reserved_on: string;
  created_at: Instant;
  expires_at: Instant;
  closed_at: ColumnType<Date | null, string | null | undefined, string | null>;
}

interface BudgetLimitsTable {
  organization_id: string;
  scope: 'organization' | 'user';
  user_id: string;
  period: 'day' | 'month' | 'year';
  limit_nanos: number;
  updated_at: Instant;
}

interface BudgetWindowsTable {
  organization_id: string;
  scope: 'organization' | 'user';
  user_id: string;
  period: 'day' | 'month' | 'year';
  starts_on: string;
  reserved_nanos: Generated<number>;
  spent_nanos: Generated<number>;
  limit_nanos: number;
  /** The highest share of the limit that people were warned at. */
  alerted_share: Generated<number>;
  /** As far as people have been told of it in Slack. */
  notified_share: Generated<number>;
  /** Until when a process is telling them; once it is over, the next one goes on. */
  notice_claimed_until: Generated<Instant | null>;
}

/** Whether a person has heard in Slack of a window's warning. */
interface BudgetNoticesTable {
  organization_id: string;
  scope: BudgetWindowsTable['scope'];
  user_id: string;
  period: BudgetWindowsTable['period'];
  starts_on: string;
  /** That they are told of. */
  share: number;
  /** Who is told; `user_id` is whose window it is. */
  recipient_id: string;
  /** Refused: Slack says that they can never be written to. */
  state: Generated<'waiting' | 'told' | 'refused'>;
  failures: Generated<number>;
  /** Somebody has begun to write and has not heard how it ended. */
  may_be_there: Generated<boolean>;
  tried_at: Generated<Instant | null>;
  next_at: Generated<Instant>;
  problem: string | null;
}

interface BudgetPoliciesTable {
  organization_id: string;
  step_down: boolean;
  balanced_from: number;
  fast_from: number;
  updated_at: Instant;
}

export interface BudgetTables {
  usage: UsageTable;
  usage_days: UsageDaysTable;
  budget_limits: BudgetLimitsTable;
  budget_windows: BudgetWindowsTable;
  budget_notices: BudgetNoticesTable;
  budget_policies: BudgetPoliciesTable;
  envelopes: EnvelopesTable;
}
