import { sql, type Selectable } from 'kysely';
import type { SlackPostsTable } from '../tables/work.ts';
import type { OrganizationTransaction } from '../organization.ts';
import type { Nanos } from '../../contracts/money.ts';
import type { Effect } from './effects.ts';
import type { Healing } from './healing.ts';
import type { Steering } from './steering.ts';

export type SlackPost = Selectable<SlackPostsTable>;

/** The post of an orchestration; its row is inserted on first use. */
export async function upsertPost(
  trx: OrganizationTransaction,
  key: { organizationId: string; orchestrationId: string },
): Promise<SlackPost> {
  const { organizationId: organization_id, orchestrationId: orchestration_id } = key;
  const post = trx.selectFrom('slack_posts').selectAll().where('orchestration_id', '=', orchestration_id);
  const known = await post.executeTakeFirst();
  if (known) return known;
  await trx
    .insertInto('slack_posts')
    .values({ organization_id, orchestration_id, ts: null, shown_hash: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return post.executeTakeFirstOrThrow();
}

/** Says before a post that it may happen, and after a certain refusal that it did not. */
export const setPostAttempted = (trx: OrganizationTransaction, orchestrationId: string, attempted: boolean) =>
  trx.updateTable('slack_posts').set({ attempted }).where('orchestration_id', '=', orchestrationId).execute();

/** Says before a write which question people are about to see, and after a refused one which they still see. */
export const setShownHash = (trx: OrganizationTransaction, orchestrationId: string, hash: string | null) =>
  trx.updateTable('slack_posts').set({ shown_hash: hash }).where('orchestration_id', '=', orchestrationId).execute();

/** The hash of the question that people see in the thread; null before there was any. */
export const findShownHash = async (trx: OrganizationTransaction, orchestrationId: string): Promise<string | null> => {
  const post = await trx
    .selectFrom('slack_posts')
    .select('shown_hash')
    .where('orchestration_id', '=', orchestrationId)
    .executeTakeFirst();
  return post?.shown_hash ?? null;
};

/** Says that nothing can be written any more where these are shown. */
export async function setLost(trx: OrganizationTransaction, ids: readonly string[], lost: Lost): Promise<void> {
  if (ids.length === 0) return;
  await trx
    .updateTable('slack_posts')
    .set({ lost, lost_claimed_until: null, lost_failures: 0, lost_next_at: sql`now()`, lost_problem: null })
    .where('orchestration_id', 'in', [...ids])
    .execute();
}

type Lost = NonNullable<SlackPost['lost']>;

export interface ClaimedLost {
  readonly orchestrationId: string;
  readonly lost: Lost;
  /** Who asked, and is to be told. */
  readonly userId: string | null;
  /** Tries in a row that have failed for the moment. */
  readonly failures: number;
  /** The end of the lease, which names the claim. */
  readonly claimedUntil: string;
}

/**
 * Takes over one work that has lost its place, for two minutes: whoever gets it moves it, and nobody else meanwhile. The
 * one comes first that has waited longest for its turn, and the oldest of those that were lost together.
 */
export const claimLost = async (trx: OrganizationTransaction): Promise<ClaimedLost | undefined> =>
  (
    await sql<ClaimedLost>`
      with claimed as (select p.organization_id, p.orchestration_id, o.user_id from slack_posts p
        join orchestrations o on o.organization_id = p.organization_id and o.id = p.orchestration_id
        where p.lost is not null and (p.lost_claimed_until is null or p.lost_claimed_until <= now())
          and (p.lost_next_at is null or p.lost_next_at <= now())
        order by p.lost_next_at nulls first, o.created_at, o.id limit 1 for update of p skip locked)
      update slack_posts p set lost_claimed_until = now() + interval '2 minutes' from claimed c
      where p.organization_id = c.organization_id and p.orchestration_id = c.orchestration_id
      returning p.orchestration_id as "orchestrationId", p.lost, c.user_id as "userId", p.lost_failures as failures,
        p.lost_claimed_until::text as "claimedUntil"`.execute(trx)
  ).rows[0];

/**
 * Ends a claim: what is moved, or is refused for good, is lost no more, and anything else comes again after a time. What was
 * lost anew since stays lost.
 */
export const releaseLost = (
  trx: OrganizationTransaction,
  { orchestrationId, claimedUntil, failures }: ClaimedLost,
  { retryInMs, problem }: { readonly retryInMs?: number; readonly problem?: string },
) =>
  trx
    .updateTable('slack_posts')
    .set({
      lost_claimed_until: null,
      lost_problem: problem ?? null,
      ...(retryInMs === undefined ? { lost: null } : { lost_failures: failures + 1, lost_next_at: inMs(retryInMs) }),
    })
    .where('orchestration_id', '=', orchestrationId)
    .where(sql<boolean>`lost_claimed_until = ${claimedUntil}::timestamptz`)
    .execute();

/** What else is for somebody who cannot be written to just now comes later as well, so that it keeps nobody's turn. */
export const postponeLostOf = (trx: OrganizationTransaction, userId: string, retryInMs: number) =>
  sql`update slack_posts p set lost_next_at = greatest(p.lost_next_at, ${inMs(retryInMs)})
    from orchestrations o where o.organization_id = p.organization_id and o.id = p.orchestration_id
      and o.user_id = ${userId} and p.lost is not null`.execute(trx);

const inMs = (ms: number) => sql<string>`clock_timestamp() + make_interval(secs => ${ms / 1_000})`;

/** The work of a channel whose question waits for an answer. */
export async function listWaitingIn(
  trx: OrganizationTransaction,
  { teamId, channelId }: { readonly teamId: string; readonly channelId: string },
): Promise<string[]> {
  const rows = await trx
    .selectFrom('orchestrations')
    .select('id')
    .where('slack_team_id', '=', teamId)
    .where('slack_channel_id', '=', channelId)
    .where('status', '=', 'awaiting_approval')
    .execute();
  return rows.map(({ id }) => id);
}

/** Forgets a message that a person has deleted, so that the next state is posted anew. */
export const forgetPost = (trx: OrganizationTransaction, orchestrationId: string) =>
  trx
    .updateTable('slack_posts')
    .set({ ts: null, attempted: false, version: 0 })
    .where('orchestration_id', '=', orchestrationId)
    .execute();

/** What the message shows now. */
export const setPosted = (
  trx: OrganizationTransaction,
  key: { orchestrationId: string; ts: string; version: number },
) =>
  trx
    .updateTable('slack_posts')
    .set((eb) => ({
      ts: key.ts,
      attempted: true,
      version: eb.fn<number>('greatest', ['version', eb.val(key.version)]),
      updated_at: new Date().toISOString(),
    }))
    .where('orchestration_id', '=', key.orchestrationId)
    .execute();

export type HealingNote = Pick<Healing, 'step_id' | 'attempt' | 'root_cause' | 'action' | 'agent' | 'status'>;
export type SteeringNote = Pick<Steering, 'message' | 'mode' | 'status'>;

export type EffectNote = Pick<Effect, 'tool' | 'state' | 'resource' | 'undoable' | 'undo_state' | 'undo_losses'>;

/** What a message tells beside the work itself. */
interface Notes {
  readonly costNanos: Nanos;
  readonly healing: HealingNote[];
  readonly steering: SteeringNote[];
  /** What has been changed outside, or may have been, in order. */
  readonly effects: EffectNote[];
}

/** What a personal connection has answered is no business of a channel; in a direct message its owner alone reads it. */
const IS_SHOWN_TO_OTHERS = sql`(c.user_id is not null and o.slack_channel_id not like 'D%')`;

/** How much an undo would lose and of what kind, without who has done it and what they have written. */
const WITHOUT_NAMES = sql`(select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'what', case loss ->> 'what' when 'field' then 'edited' else loss ->> 'what' end, 'count', loss -> 'count')))
  from jsonb_array_elements(case when jsonb_typeof(e.undo_losses) = 'array' then e.undo_losses end) as loss)`;

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
      (select coalesce(json_agg(json_build_object('tool', e.tool, 'state', e.state, 'resource',
         case when ${IS_SHOWN_TO_OTHERS} then null else e.resource end,
         'undoable', e.undoable, 'undo_state', e.undo_state, 'undo_losses',
         case when ${IS_SHOWN_TO_OTHERS} then ${WITHOUT_NAMES} else e.undo_losses end) order by e.sequence), '[]')
       from effects e join orchestrations o on o.id = e.orchestration_id
         left join connections c on c.id = e.connection_id
       where e.orchestration_id = ${orchestrationId}) as effects`.execute(trx);
  return rows[0] ?? { costNanos: 0, healing: [], steering: [], effects: [] };
}
