import type { ModelLogLine } from '../../dev/fakes/model/index.ts';
import { billOf } from '../fakes/bill.ts';
import type { TestDatabase } from './database.ts';
import type { Nubabel } from './nubabel.ts';

/** Anthropic's list prices in dollars per million tokens, written down here a second time on purpose. */
const PRICES = {
  'claude-haiku-5-5': { input: 0.1, output: 0.5 },
  'claude-sonnet-5-5': { input: 2, output: 10, cacheRead: 0.1 },
  'claude-opus-5-5': { input: 4, output: 20, cacheRead: 0.2 },
};

/** What the model's provider charges for everything it has answered, nanos. */
export const billedNanos = (nubabel: Nubabel): number => billOf(nubabel.model.log, PRICES).nanos;

const whoAsked = ({ structured, system = '' }: ModelLogLine): string =>
  structured ? 'analysis' : (/You are (\w+)/.exec(system)?.[1]?.toLowerCase() ?? 'unknown');

/** How often each answer was paid for, by who asked, for what, and after how many results of tools. */
export function payments(nubabel: Nubabel): Map<string, number> {
  const times = new Map<string, number>();
  for (const line of nubabel.model.log.filter(({ usage }) => usage !== undefined)) {
    const after = line.results ? ` | after ${line.results} results` : '';
    const key = `${whoAsked(line)} | ${line.userText}${after}`;
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  return times;
}

/** Answers that were paid for more than once. */
export const paidTwice = (nubabel: Nubabel): string[] =>
  [...payments(nubabel)].filter(([, times]) => times > 1).map(([key, times]) => `${times} × ${key}`);

export interface Ledger {
  readonly settled: number;
  readonly unknown: number;
  readonly released: number;
  readonly reserved: number;
  readonly settledNanos: number;
  readonly spentNanos: number;
}

/** The ledger's rows by state, and what they come to. */
export async function ledgerOf(nubabel: Nubabel): Promise<Ledger> {
  const [row] = await nubabel.database.look<Record<keyof Ledger, string>>(`
    select count(*) filter (where state = 'settled') as settled, count(*) filter (where state = 'unknown') as unknown,
      count(*) filter (where state = 'released') as released, count(*) filter (where state = 'reserved') as reserved,
      coalesce(sum(cost_nanos) filter (where state = 'settled'), 0) as "settledNanos",
      coalesce(sum(cost_nanos), 0) as "spentNanos" from usage`);
  const number = (key: keyof Ledger) => Number(row?.[key]);
  return {
    settled: number('settled'),
    unknown: number('unknown'),
    released: number('released'),
    reserved: number('reserved'),
    settledNanos: number('settledNanos'),
    spentNanos: number('spentNanos'),
  };
}

/** Budget windows whose counters are not what their ledger rows and open envelopes come to, at one instant. */
export const crookedWindows = ({ database }: { database: Pick<TestDatabase, 'look'> }) =>
  database.look(`
    with parts as (
      select organization_id, user_id, reserved_on, cost_nanos as spent,
        case when state = 'reserved' then reserved_nanos else 0 end as reserved from usage
      union all select organization_id, user_id, reserved_on, 0, remaining_nanos from envelopes)
    select w.scope, w.period, w.starts_on, w.reserved_nanos, sum(p.reserved) as reserved, w.spent_nanos,
      sum(p.spent) as spent
    from budget_windows w left join parts p on p.organization_id = w.organization_id
      and (w.scope = 'organization' or p.user_id = w.user_id) and w.starts_on = date_trunc(w.period, p.reserved_on)::date
    group by w.organization_id, w.scope, w.user_id, w.period, w.starts_on, w.reserved_nanos, w.spent_nanos
    having w.spent_nanos <> coalesce(sum(p.spent), 0) or w.reserved_nanos <> coalesce(sum(p.reserved), 0)`);

/** Budget windows in which more is promised and paid than their limit allows. */
export const overspentWindows = ({ database }: { database: Pick<TestDatabase, 'look'> }) =>
  database.look(`select * from budget_windows where reserved_nanos + spent_nanos > limit_nanos`);

/** Orchestrations that have not exactly one terminal event, the row that tells it, and one answer in their session. */
export const unfinished = (nubabel: Nubabel) =>
  nubabel.database.look(`
    select o.id, o.status, count(e.id) as ends,
      (select count(*) from messages m where m.orchestration_id = o.id and m.role = 'assistant') as answers
    from orchestrations o left join events e on e.orchestration_id = o.id
      and e.type in ('orchestration_completed', 'orchestration_failed')
    group by o.organization_id, o.id, o.status having count(e.id) <> 1
      or o.status not in ('completed', 'partial', 'failed', 'cancelled', 'expired')
      or (select count(*) from messages m where m.orchestration_id = o.id and m.role = 'assistant') <> 1`);

/** Event ids of each organization that are missing between the first and the last. */
export const missingEventIds = (nubabel: Nubabel) =>
  nubabel.database.look(`
    select organization_id, count(*) as kept, max(id) as newest from events
    group by organization_id having count(*) <> max(id) or count(distinct id) <> count(*) or min(id) <> 1`);
