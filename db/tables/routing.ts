import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { AgentId, Language } from '../../contracts/agents.ts';
import type { Analysis } from '../../contracts/orchestration.ts';

type Instant = ColumnType<Date, string | undefined, string>;

/** Admins' words on who does what; the newest of a text stands. */
export interface RoutingOverridesTable {
  organization_id: string;
  id: string;
  text: string;
  /** Of the folded text: see `routing/fold.ts`. */
  text_hash: string;
  language: Language;
  agents: JSONColumnType<AgentId[]>;
  /** The job whose decision was wrong. */
  orchestration_id: string | null;
  user_id: string | null;
  created_at: Instant;
}

/** Counts the changes of an organization's overrides, so that a door sees in passing that it has to learn anew. */
interface RoutingVersionsTable {
  organization_id: string;
  version: number;
}

/** The model's analyses of requests that may come again in the same words. */
interface RoutingCacheTable {
  organization_id: string;
  text_hash: string;
  /** Decided by the demo model; never used for real work. */
  demo: boolean;
  language: Language;
  analysis: JSONColumnType<Analysis>;
  hits: Generated<number>;
  created_at: Instant;
  expires_at: Instant;
}

export interface RoutingTables {
  routing_overrides: RoutingOverridesTable;
  routing_versions: RoutingVersionsTable;
  routing_cache: RoutingCacheTable;
}
