import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { SlackStanding } from '../../contracts/request.ts';

type Instant = ColumnType<Date, string | undefined, string>;
type MaybeInstant = ColumnType<Date | null, string | null | undefined, string | null>;

interface OrganizationsTable {
  id: string;
  name: string;
  created_at: Instant;
  /** Its work may be handed to coding agents. */
  delegation: Generated<boolean>;
  /** Admins see everybody's work; otherwise only their own and what they are asked about. */
  admins_see_work: Generated<boolean>;
  /** Admins see what other people's personal connections have answered. */
  admins_see_personal: Generated<boolean>;
}

export interface UsersTable {
  organization_id: string;
  id: string;
  name: string;
  role: 'admin' | 'user' | 'guest';
  slack_team_id: string | null;
  slack_user_id: string | null;
  locale: string | null;
  time_zone: Generated<string>;
  created_at: Instant;
  /** What Slack has said of the person, and when it was asked last. */
  slack_standing: ColumnType<SlackStanding | null, SlackStanding | null | undefined, SlackStanding | null>;
  slack_checked_at: MaybeInstant;
  /** Has no rights any more. */
  deactivated_at: MaybeInstant;
}

export interface ApiTokensTable {
  organization_id: string;
  token_hash: Buffer;
  user_id: string;
  name: string;
  created_at: Instant;
  expires_at: MaybeInstant;
  revoked_at: MaybeInstant;
}

export interface SlackWorkspacesTable {
  organization_id: string;
  team_id: string;
  name: string;
  bot_user_id: string;
  created_at: Instant;
}

interface SlackMembershipsTable {
  organization_id: string;
  user_id: string;
  /** The conversations of Slack that the person is a member of, as far as Slack tells us. */
  channels: string[];
  /** When Slack has listed them; null where only events have told of some. */
  seen_at: MaybeInstant;
  /** Counts how often the person has left one, so that a list from before does not undo it. */
  version: Generated<number>;
  /** Counts how often they have come into one: such an event grants nothing, it only makes the list stale. */
  joins: Generated<number>;
  /** How many of these the list knows. */
  listed_joins: Generated<number>;
}

export interface InboxTable {
  organization_id: string;
  id: string;
  source: 'slack' | 'rest';
  kind: 'request' | 'decision' | 'steering' | 'undo';
  orchestration_id: string;
  body: JSONColumnType<Record<string, unknown>>;
  received_at: Instant;
  handed_over_at: MaybeInstant;
  attempts: Generated<number>;
  last_error: string | null;
  next_attempt_at: Instant;
}

interface InboxKeysTable {
  organization_id: string;
  key: string;
  inbox_id: string;
  created_at: Instant;
}

export interface AuditTable {
  organization_id: string;
  id: string;
  at: Instant;
  user_id: string | null;
  action: string;
  subject: string;
  outcome: 'done' | 'rejected';
  details: JSONColumnType<Record<string, unknown>>;
}

export interface OrganizationTables {
  organizations: OrganizationsTable;
  users: UsersTable;
  api_tokens: ApiTokensTable;
  slack_workspaces: SlackWorkspacesTable;
  slack_memberships: SlackMembershipsTable;
  inbox: InboxTable;
  inbox_keys: InboxKeysTable;
  audit: AuditTable;
}
