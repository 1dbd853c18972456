import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RETENTION } from '../../db/maintenance.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

/** What the migrations have made, against what our code says of it. */
let database: TestDatabase;
let columns: Column[];
beforeAll(async () => {
  database = await openTestDatabase(1);
  columns = await database.look<Column>(
    `select c.table_name as "table", c.column_name as name, c.is_nullable = 'YES' as nullable
     from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
       and c.table_name !~ '^(kysely_|events_)'`,
  );
});
afterAll(() => database?.drop());

interface Column extends Record<string, unknown> {
  readonly table: string;
  readonly name: string;
  readonly nullable: boolean;
}
const tablesOf = (list: readonly Column[]) => [...new Set(list.map(({ table }) => table))].sort();

describe('a rule for how it is cleaned', () => {
  it('has every table, and none that is not there', () => {
    expect(Object.keys(RETENTION).sort()).toEqual(tablesOf(columns));
  });

  it('is a sentence', () => {
    for (const [table, { reason }] of Object.entries(RETENTION))
      expect([table, reason]).toEqual([table, expect.stringMatching(/^[A-Z].+\.$/)]);
  });

  it('that counts days counts them from a column of the table', () => {
    for (const [table, retention] of Object.entries(RETENTION))
      if (retention.rule === 'after') {
        expect(retention.days).toBeGreaterThan(0);
        expect(columns).toContainEqual(expect.objectContaining({ table, name: retention.since }));
      }
  });

  it('that goes with a parent is what the foreign key does', async () => {
    const cascades = await database.look<{ child: string; parent: string }>(
      `select conrelid::regclass::text as child, confrelid::regclass::text as parent
       from pg_constraint where contype = 'f' and confdeltype = 'c' and conparentid = 0`,
    );
    for (const [child, retention] of Object.entries(RETENTION))
      if (retention.rule === 'with-parent') expect(cascades).toContainEqual({ child, parent: retention.parent });
  });
});

const FOLDER = fileURLToPath(new URL('../../db/tables/', import.meta.url));

/** Row types exist for the compiler alone, so their source is read: `name: type` in `interface …Table`. */
function declaredColumns(): Column[] {
  const text = readdirSync(FOLDER)
    .map((name) => readFileSync(`${FOLDER}${name}`, 'utf8'))
    .join('\n');
  const tables = new Map(
    [...text.matchAll(/^ {2}(\w+): (\w+Table);$/gm)].map(([, table = '', type = '']) => [type, table]),
  );
  return [...text.matchAll(/^(?:export )?interface (\w+Table) \{\n([\s\S]*?)^\}/gm)].flatMap(
    ([, type = '', body = '']) =>
      [...body.matchAll(/^ {2}(\w+): ([\s\S]*?);$/gm)].map(([, name = '', columnType = '']) => ({
        table: tables.get(type) ?? type,
        name,
        nullable: /^Maybe|\| null\b/.test(columnType),
      })),
  );
}

describe('the row types', () => {
  const byName = (list: readonly Column[]) => list.map(({ table, name }) => `${table}.${name}`).sort();

  it('name the columns that the migrations made, and no others', () => {
    const declared = declaredColumns();
    expect(declared.length).toBeGreaterThan(200);
    expect(byName(declared)).toEqual(byName(columns));
  });

  it('say of each whether it may be null', () => {
    const nullable = (list: readonly Column[]) => byName(list.filter((column) => column.nullable));
    expect(nullable(declaredColumns())).toEqual(nullable(columns));
  });
});
