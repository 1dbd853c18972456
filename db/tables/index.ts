import type { BudgetTables } from './money.ts';
import type { OrganizationTables } from './organizations.ts';
import type { KeyPoolTables } from './key-pool.ts';
import type { PlanTables } from './plans.ts';
import type { RoutingTables } from './routing.ts';
import type { ToolTables } from './tools.ts';
import type { WorkTables } from './work.ts';

/** Row types of every table, grouped by room of thought. */
export interface Database
  extends OrganizationTables, WorkTables, PlanTables, BudgetTables, KeyPoolTables, RoutingTables, ToolTables {}
