import { expect, it } from '@jest/globals';
import { outlineOf, statementsIn } from './statement-outline.ts';

it('statements of one text are told apart, whatever stands in their literals', () => {
  expect(statementsIn(`select ';' as "a;b"; select append_events('it''s; so'); commit`)).toEqual([
    `select ';' as "a;b"`,
    `select append_events('it''s; so')`,
    'commit',
  ]);
  expect(statementsIn(' ; ')).toEqual([]);
});

it.each([
  [
    'select * from "steps" as "s" inner join "turns" on true where id in (select 1 from jobs)',
    'select steps, turns, jobs',
  ],
  ['insert into "inbox" ("id") values ($1) on conflict do nothing', 'insert inbox'],
  [`update "orchestrations" set "step" = 'copied from nowhere' where id = $1`, 'update orchestrations'],
  ['select 1 from orchestrations for no key update', 'select orchestrations'],
  [
    'with moved as (update budget_windows set x = 1 returning *) insert into usage select * from moved',
    'insert+update budget_windows, usage',
  ],
  ['select pg_notify($1, told) from unnest($2::text[]) as told', 'select pg_notify()'],
  [`select append_events('[{"a":"from jobs"}]')`, 'select append_events()'],
  [
    'select f.* from (select set_config($1, $2, true)::uuid as id) s, lateral take_model_key(s.id, $3) f',
    'select take_model_key()',
  ],
  [`select extract(epoch from settled_at) from usage for no key update of w`, 'select usage'],
  ['commit', 'commit'],
])('%s is outlined', (statement, outline) => {
  expect(outlineOf(statement)).toBe(outline);
});
