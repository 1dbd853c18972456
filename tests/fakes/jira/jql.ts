import { JiraRefusalError } from './errors.ts';
import type { FakeIssue } from './state.ts';

type Test = (issue: FakeIssue) => boolean;

export interface ParsedJql {
  readonly test: Test;
  readonly orderBy: 'created' | 'updated' | 'key';
  readonly descending: boolean;
}

const bad = (said: string): JiraRefusalError => new JiraRefusalError(400, [`Error in the JQL Query: ${said}`]);

const CLAUSE = /^(\w+)\s*(=|!=|~|>=|<=|>|<|\bin\b)\s*("(?:[^"\\]|\\.)*"|\([^)]*\)|[\w().-]+)$/i;
const ORDER = /\s*\border\s+by\s+(\w+)(?:\s+(asc|desc))?\s*$/i;

/** The part of JQL that the fake understands: clauses joined by AND, and one ORDER BY. Anything else is refused. */
export function parseJql(jql: string, me: string, now = Date.now()): ParsedJql {
  const order = ORDER.exec(jql);
  const where = (order ? jql.slice(0, order.index) : jql).trim();
  if (where === '')
    throw new JiraRefusalError(400, [
      'Unbounded JQL queries are not allowed here. Please add a search restriction to your query.',
    ]);
  const tests = splitAnd(where).map((clause) => toTest(clause, me, now));
  const orderBy = order?.[1]?.toLowerCase() ?? 'created';
  if (orderBy !== 'created' && orderBy !== 'updated' && orderBy !== 'key')
    throw bad(`Field '${orderBy}' does not exist or you do not have permission to view it.`);
  return {
    test: (issue) => tests.every((test) => test(issue)),
    orderBy,
    descending: order?.[2]?.toLowerCase() === 'desc',
  };
}

/** At every AND that is not inside quotes. */
function splitAnd(where: string): string[] {
  const parts = where.split(/("(?:[^"\\]|\\.)*")/);
  const marked = parts.map((part, index) => (index % 2 === 0 ? part.replaceAll(/\s+and\s+/gi, '\0') : part)).join('');
  return marked.split('\0').map((clause) => clause.trim());
}

function toTest(clause: string, me: string, now: number): Test {
  const match = CLAUSE.exec(clause);
  if (!match) throw bad(`Expecting operator but got '${clause}'.`);
  const field = match[1]?.toLowerCase() ?? '';
  const operator = match[2]?.toLowerCase() ?? '';
  const values = valuesOf(match[3] ?? '', me);
  if (field === 'created' || field === 'updated') return timeTest(field, operator, values[0] ?? '', now);
  const read = FIELDS[field];
  if (!read) throw bad(`Field '${field}' does not exist or you do not have permission to view it.`);
  const wanted = values.map((value) => value.toLowerCase());
  const has = (issue: FakeIssue) => read(issue).some((value) => wanted.includes(value.toLowerCase()));
  if (operator === '=' || operator === 'in') return has;
  if (operator === '!=') return (issue) => !has(issue);
  if (operator === '~') return (issue) => read(issue).some((value) => value.toLowerCase().includes(wanted[0] ?? ''));
  throw bad(`The operator '${operator}' is not supported by the '${field}' field.`);
}

const FIELDS: Readonly<Record<string, (issue: FakeIssue) => string[]>> = {
  project: ({ project }) => [project],
  key: ({ key }) => [key],
  status: ({ status }) => [status],
  assignee: ({ assignee }) => (assignee ? [assignee] : []),
  reporter: ({ reporter }) => [reporter],
  labels: ({ labels }) => labels,
  summary: ({ summary }) => [summary],
  text: ({ summary, description }) => [summary, JSON.stringify(description) ?? ''],
};

function valuesOf(text: string, me: string): string[] {
  const list = text.startsWith('(') ? text.slice(1, -1).split(',') : [text];
  return list.map((one) => {
    const value = one.trim();
    if (value === 'currentUser()') return me;
    return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
  });
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function timeTest(field: 'created' | 'updated', operator: string, value: string, now: number): Test {
  const relative = /^(-?\d+)([mhdw])$/.exec(value);
  const at = relative ? now + Number(relative[1]) * (UNITS[relative[2] ?? ''] ?? 0) : Date.parse(value);
  if (Number.isNaN(at)) throw bad(`Date value '${value}' for field '${field}' is invalid.`);
  if (operator === '>=' || operator === '>') return (issue) => issue[field] >= at;
  if (operator === '<=' || operator === '<') return (issue) => issue[field] <= at;
  throw bad(`The operator '${operator}' is not supported by the '${field}' field.`);
}
