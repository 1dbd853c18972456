import type { ColumnType, Generated } from 'kysely';
import type { AgentId } from '../../contracts/agents.ts';

type Instant = ColumnType<Date, string | undefined, string>;

/** `reserved` is promised, `settled` is paid, `released` was never charged, `unknown` counts as paid at its worst case. */
export type UsageState = 'reserved' | 'settled' | 'released' | 'unknown';

export interface UsageTable {
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
  /** Calls of the provider that this reservation has served, and the execution of an activity that made them. */
  calls: Generated<number>;
  execution: ColumnType<string | null, undefined, string>;
}

export interface BudgetLimitsTable {
  organization_id: string;
  scope: 'organization' | 'user';
  user_id: string;
  period: 'day' | 'month' | 'year';
  limit_nanos: number;
  updated_at: Instant;
}

export interface BudgetWindowsTable {
  organization_id: string;
  scope: 'organization' | 'user';
  user_id: string;
  period: 'day' | 'month' | 'year';
  starts_on: string;
  reserved_nanos: Generated<number>;
  spent_nanos: Generated<number>;
  limit_nanos: number;
}

export interface BudgetTables {
  usage: UsageTable;
  budget_limits: BudgetLimitsTable;
  budget_windows: BudgetWindowsTable;
}
