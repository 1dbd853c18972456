import { isRecord } from '../../../dev/fakes/http-server.ts';

/** What stands behind a field: a value, or a function of its arguments. */
export type Source = Readonly<Record<string, unknown>>;

/** One page of a list, as Relay has it. */
export function connection(list: readonly Source[], { first, after }: Source): Source {
  const size = typeof first === 'number' ? Math.min(first, 250) : 50;
  const start = typeof after === 'string' ? list.findIndex(({ id }) => id === after) + 1 : 0;
  const nodes = list.slice(start, start + size);
  return {
    nodes,
    pageInfo: { hasNextPage: start + size < list.length, endCursor: nodes.at(-1)?.['id'] ?? null },
  };
}

const lower = (value: unknown): string => (typeof value === 'string' ? value.toLowerCase() : '');

const COMPARE: Readonly<Record<string, (value: unknown, wanted: unknown) => boolean>> = {
  eq: (value, wanted) => value === wanted,
  neq: (value, wanted) => value !== wanted,
  in: (value, wanted) => Array.isArray(wanted) && wanted.includes(value),
  eqIgnoreCase: (value, wanted) => lower(value) === lower(wanted),
  containsIgnoreCase: (value, wanted) => lower(value).includes(lower(wanted)),
  gte: (value, wanted) => String(value) >= String(wanted),
  lte: (value, wanted) => String(value) <= String(wanted),
  null: (value, wanted) => (value === null || value === undefined) === wanted,
};

/** Linear's filters: comparators at the leaves, `and` and `or` at any level. */
export function matches(source: Source, filter: unknown): boolean {
  if (!isRecord(filter)) return true;
  return Object.entries(filter).every(([key, wanted]) => {
    if (key === 'or' || key === 'and') {
      const parts = Array.isArray(wanted) ? wanted.map((part) => matches(source, part)) : [];
      return key === 'or' ? parts.some(Boolean) : parts.every(Boolean);
    }
    if (!isRecord(wanted)) throw new Error(`Field "${key}" of a filter must be an object.`);
    const held = source[key];
    const value: unknown = typeof held === 'function' ? held({}) : held;
    const compares = Object.keys(wanted).every((name) => name in COMPARE);
    if (compares) return Object.entries(wanted).every(([name, to]) => COMPARE[name]?.(value, to) ?? false);
    return isRecord(value) && matches(value, wanted);
  });
}
