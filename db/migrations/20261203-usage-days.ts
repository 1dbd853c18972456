import { sql, type Kysely } from 'kysely';

/**
 * What was spent, summed as it is paid: a line for each day, person, agent and model, so that looking back over a month
 * does not read every call of it. And the ledger by time.
 *
 * A trigger sums, so that workers of an earlier build do too. It comes after the whole statement, which has locked the
 * windows that all calls of an organization share: whoever waits for a line has them, and nobody waits in a circle.
 */
const COUNT = `create function count_usage() returns trigger language plpgsql as $$
  begin
    insert into usage_days as d (organization_id, day, user_id, agent, model, calls, input_tokens, output_tokens,
        cache_write_tokens, cache_read_tokens, cost_nanos)
      values (new.organization_id, new.reserved_on, new.user_id, new.agent, new.model,
        case when old.state in ('settled', 'unknown') then 0 else 1 end, new.input_tokens - old.input_tokens,
        new.output_tokens - old.output_tokens, new.cache_write_tokens - old.cache_write_tokens,
        new.cache_read_tokens - old.cache_read_tokens, new.cost_nanos - old.cost_nanos)
      on conflict (organization_id, day, user_id, agent, model) do update set calls = d.calls + excluded.calls,
        input_tokens = d.input_tokens + excluded.input_tokens, output_tokens = d.output_tokens + excluded.output_tokens,
        cache_write_tokens = d.cache_write_tokens + excluded.cache_write_tokens,
        cache_read_tokens = d.cache_read_tokens + excluded.cache_read_tokens,
        cost_nanos = d.cost_nanos + excluded.cost_nanos;
    return null;
  end $$`;

const READ = ['usage'];

const UP = [
  `create table usage_days (
    organization_id uuid not null references organizations(id) on delete cascade,
    day date not null,
    user_id uuid,
    agent text,
    model text not null,
    calls bigint not null default 0,
    input_tokens bigint not null default 0,
    output_tokens bigint not null default 0,
    cache_write_tokens bigint not null default 0,
    cache_read_tokens bigint not null default 0,
    cost_nanos bigint not null default 0,
    constraint usage_days_key unique nulls not distinct (organization_id, day, user_id, agent, model)
  )`,
  // The owner is no organization, and has to see all of them for once.
  ...READ.map((table) => `alter table ${table} no force row level security`),
  `insert into usage_days
    select organization_id, reserved_on, user_id, agent, model, count(*), sum(input_tokens), sum(output_tokens),
      sum(cache_write_tokens), sum(cache_read_tokens), sum(cost_nanos)
    from usage where state in ('settled', 'unknown') group by 1, 2, 3, 4, 5`,
  ...READ.map((table) => `alter table ${table} force row level security`),
  `alter table usage_days enable row level security`,
  `alter table usage_days force row level security`,
  `create policy tenant on usage_days to nubabel_app using (organization_id = (select nubabel_organization()))
    with check (organization_id = (select nubabel_organization()))`,
  `grant select, insert, update on usage_days to nubabel_app`,
  COUNT,
  `create trigger count_usage after update of state on usage for each row
    when (new.state in ('settled', 'unknown')) execute function count_usage()`,
  `create index usage_newest on usage (organization_id, created_at desc, id)`,
];

const DOWN = [
  `drop index usage_newest`,
  `drop trigger count_usage on usage`,
  `drop function count_usage()`,
  `drop table usage_days`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of UP) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const statement of DOWN) await sql.raw(statement).execute(db);
}
