import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { Category } from '../../contracts/agents.ts';
import type { AuthKind, CallLimits, ConnectionHealth } from '../../contracts/connections.ts';
import type { EffectResource, EffectState, SettledBy, UndoLoss, UndoState } from '../../contracts/effects.ts';
import type { StepRisk } from '../../contracts/plan.ts';
import type {
  AskReason,
  ToolCallStatus,
  ToolDefinition,
  ToolImage,
  ToolResult,
  ToolState,
  UnusableTool,
} from '../../contracts/tools.ts';

type Instant = ColumnType<Date, string | undefined, string>;
type MaybeInstant = ColumnType<Date | null, string | null | undefined, string | null>;
/** A jsonb column that may be empty; written as JSON text. */
type MaybeJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
/** A jsonb column with a default; written as JSON text. */
type DefaultJson<T> = ColumnType<T, string | undefined, string>;
type Maybe<T> = ColumnType<T | null, T | null | undefined, T | null>;

/** A link to a tool provider. Secrets are sealed for the organization and this row. */
export interface ConnectionsTable {
  organization_id: string;
  id: string;
  provider: string;
  slug: string;
  name: string;
  kind: 'first_party' | 'remote';
  url: string | null;
  /** Whose personal connection it is; null: the organization's. */
  user_id: Maybe<string>;
  auth_kind: AuthKind;
  settings: DefaultJson<Record<string, string>>;
  /** What a person has given, sealed: keys, client secrets. */
  credentials: Maybe<string>;
  /** What an authorization server has given, sealed: tokens, registered client, discovered metadata. */
  auth_state: Maybe<string>;
  /** Counts changes of `auth_state`, so that nobody overwrites a newer one. */
  auth_version: Generated<number>;
  auth_expires_at: MaybeInstant;
  /** Who asks an authorization server for new tokens just now, and until when that counts without a sign of life. */
  renewal_holder: Maybe<string>;
  renewal_until: MaybeInstant;
  trusted: Generated<boolean>;
  enabled: Generated<boolean>;
  categories: DefaultJson<Category[]>;
  health: ColumnType<ConnectionHealth, ConnectionHealth | undefined, ConnectionHealth>;
  last_error: Maybe<string>;
  checked_at: MaybeInstant;
  /** Failed calls in a row. */
  failures: Generated<number>;
  broken_until: MaybeInstant;
  tools_listed_at: MaybeInstant;
  /** What its server lists and nobody can call, with the reasons. */
  unusable_tools: DefaultJson<UnusableTool[]>;
  /** How long calls may take, where it is not as long as usual. */
  call_limits: DefaultJson<CallLimits>;
  created_by: Maybe<string>;
  created_at: Instant;
  updated_at: Instant;
}

/** A tool as it was accepted (`definition`, `hash`), and as its server says it now where that differs (`pending`). */
export interface ConnectionToolsTable {
  organization_id: string;
  connection_id: string;
  name: string;
  remote_name: string;
  definition: JSONColumnType<ToolDefinition>;
  hash: string;
  state: ColumnType<ToolState, ToolState | undefined, ToolState>;
  pending: MaybeJson<ToolDefinition>;
  pending_hash: Maybe<string>;
  accepted_by: Maybe<string>;
  accepted_at: MaybeInstant;
  /** An admin has decided: nobody is asked about it. */
  always_allowed: Generated<boolean>;
  /** The worst it may do, by an admin's word instead of its server's. */
  declared_risk: Maybe<StepRisk>;
  /** The definition that both were decided about; with any other they are void. */
  decided_hash: Maybe<string>;
  decided_by: Maybe<string>;
  updated_at: Instant;
}

/** A grant that somebody has gone to give: single use, ten minutes, bound to person, organization and browser. */
export interface OauthStatesTable {
  organization_id: string;
  state_hash: Buffer;
  connection_id: string;
  user_id: string;
  browser_hash: Maybe<Buffer>;
  sealed: string;
  created_at: Instant;
  expires_at: Instant;
}

/** One call that an agent or a person wants. `id` is the turn's key and the call's place in it. */
export interface ToolCallsTable {
  organization_id: string;
  orchestration_id: string;
  id: string;
  step_id: Maybe<string>;
  turn_key: Maybe<string>;
  position: Generated<number>;
  /** The model's own name for the call. */
  tool_use_id: Maybe<string>;
  tool: string;
  connection_id: Maybe<string>;
  arguments: JSONColumnType<Record<string, unknown>>;
  arguments_hash: string;
  risk: StepRisk;
  /** Why a human is asked; empty: nobody is. */
  reasons: DefaultJson<AskReason[]>;
  /** Why a human would have been asked, had settings not made that needless when the call was written down; null: for nothing. */
  waived_reasons: MaybeJson<AskReason[]>;
  /** Its arguments may come from untrusted text. */
  tainted: Generated<boolean>;
  approval_id: Maybe<string>;
  approved: Generated<boolean>;
  status: ColumnType<ToolCallStatus, ToolCallStatus | undefined, ToolCallStatus>;
  result: MaybeJson<ToolResult>;
  /** Pictures of the answer, for models that can see. */
  images: MaybeJson<ToolImage[]>;
  progress: Maybe<string>;
  effect_key: Maybe<string>;
  started_at: MaybeInstant;
  finished_at: MaybeInstant;
  created_at: Instant;
}

/** The ledger of what was changed outside: written before and after. */
export interface EffectsTable {
  organization_id: string;
  key: string;
  orchestration_id: string;
  step_id: Maybe<string>;
  call_id: Maybe<string>;
  tool: string;
  connection_id: Maybe<string>;
  arguments: JSONColumnType<Record<string, unknown>>;
  arguments_hash: string;
  state: ColumnType<EffectState, EffectState | undefined, EffectState>;
  /** The order of the claims. */
  sequence: ColumnType<number, never, never>;
  attempts: Generated<number>;
  /** The activity execution and attempt that holds the claim. */
  execution: Maybe<string>;
  /** What there was before, for the undo. */
  before: MaybeJson<Record<string, unknown>>;
  result: MaybeJson<ToolResult>;
  resource: MaybeJson<EffectResource>;
  settled_by: Maybe<SettledBy>;
  detail: Maybe<string>;
  undoable: Generated<boolean>;
  undo_state: Maybe<UndoState>;
  /** With `ASK`: what others have done since that taking it back would lose. */
  undo_losses: MaybeJson<UndoLoss[]>;
  /** What of that a person has said yes to. */
  undo_accepted: MaybeJson<UndoLoss[]>;
  claimed_at: Instant;
  sent_at: MaybeInstant;
  /** Until then the one who has sent it may still be waiting for the answer. */
  answer_until: MaybeInstant;
  settled_at: MaybeInstant;
}

export interface SkillsTable {
  organization_id: string;
  name: string;
  description: string;
  body: string;
  updated_by: Maybe<string>;
  updated_at: Instant;
}

export interface ToolTables {
  connections: ConnectionsTable;
  connection_tools: ConnectionToolsTable;
  oauth_states: OauthStatesTable;
  tool_calls: ToolCallsTable;
  effects: EffectsTable;
  skills: SkillsTable;
}
