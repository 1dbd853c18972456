import { sql } from 'kysely';
import type { Nanos } from '../../contracts/money.ts';
import type { OrganizationTransaction } from '../organization.ts';
import type { Effect } from './effects.ts';
import type { Healing } from './healing.ts';
import type { Steering } from './steering.ts';

export type HealingNote = Pick<Healing, 'step_id' | 'attempt' | 'root_cause' | 'action' | 'agent' | 'status'>;
export type SteeringNote = Pick<Steering, 'message' | 'mode' | 'status'>;

export type EffectNote = Pick<Effect, 'tool' | 'state' | 'resource' | 'undoable' | 'undo_state'>;

/** What a message tells beside the work itself. */
interface Notes {
  readonly costNanos: Nanos;
  readonly healing: HealingNote[];
  readonly steering: SteeringNote[];
  /** What has been changed outside, or may have been, in order. */
  readonly effects: EffectNote[];
}

/** Cost, healing, steering and effects of an orchestration in one look, for a message that is redrawn with every step. */
export async function getNotes(trx: OrganizationTransaction, orchestrationId: string): Promise<Notes> {
  const { rows } = await sql<Notes>`
    select
      (select coalesce(sum(cost_nanos), 0)::bigint from usage where orchestration_id = ${orchestrationId}) as "costNanos",
      (select coalesce(json_agg(json_build_object('step_id', step_id, 'attempt', attempt, 'root_cause', root_cause,
         'action', action, 'agent', agent, 'status', status) order by created_at, attempt), '[]')
       from healing where orchestration_id = ${orchestrationId}) as healing,
      (select coalesce(json_agg(json_build_object('message', message, 'mode', mode, 'status', status)
         order by created_at), '[]')
       from steering where orchestration_id = ${orchestrationId}) as steering,
      (select coalesce(json_agg(json_build_object('tool', tool, 'state', state, 'resource', resource,
         'undoable', undoable, 'undo_state', undo_state) order by sequence), '[]')
       from effects where orchestration_id = ${orchestrationId}) as effects`.execute(trx);
  return rows[0] ?? { costNanos: 0, healing: [], steering: [], effects: [] };
}
