import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kind, parse, type SelectionSetNode } from 'graphql';
import { createFakeLinear, type FakeLinear } from '../../../fakes/linear/index.ts';
import { linear as provider } from '../../../../adapters/mcp/servers/linear/index.ts';
import { toolsOf } from './fixture.ts';

type Types = Map<string, Map<string, string>>;

/** The types of Linear's schema, as its SDK was generated from it: fields, and the names of their types. */
function readTypes(): Types {
  const folder = dirname(fileURLToPath(import.meta.resolve('@linear/sdk')));
  const file = readdirSync(folder).find((name) => /^index-.*\.d\.mts$/.test(name)) ?? '';
  const types: Types = new Map();
  for (const [, name = '', body = ''] of readFileSync(join(folder, file), 'utf8').matchAll(
    /^type (\w+) = (?:\w+ & )*\{\n([\s\S]*?)^\};/gm,
  )) {
    const fields = [...body.matchAll(/^ {2}(\w+)\??: (.*);$/gm)];
    types.set(name, new Map(fields.map(([, field = '', type = '']) => [field, /(\w+)>*$/.exec(type)?.[1] ?? ''])));
  }
  return types;
}

/** What a document asks that the types do not have. */
function strangeFields(types: Types, document: string): string[] {
  const { definitions } = parse(document);
  const selected = (type: string, set: SelectionSetNode | undefined): string[] =>
    (set?.selections ?? []).flatMap((one) => {
      if (one.kind === Kind.INLINE_FRAGMENT) return selected(one.typeCondition?.name.value ?? type, one.selectionSet);
      if (one.kind === Kind.FRAGMENT_SPREAD) return [];
      const name = one.name.value;
      const found = types.get(type)?.get(name);
      return found === undefined ? [`${type}.${name}`] : selected(found, one.selectionSet);
    });
  return definitions.flatMap((one) => {
    if (one.kind === Kind.FRAGMENT_DEFINITION) return selected(one.typeCondition.name.value, one.selectionSet);
    if (one.kind !== Kind.OPERATION_DEFINITION) return [];
    return selected(one.operation === 'query' ? 'Query' : 'Mutation', one.selectionSet);
  });
}

/** What an input says that its type does not have. */
function strangeInputs(types: Types, type: string, value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => strangeInputs(types, type, one));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    const found = types.get(type)?.get(name);
    return found === undefined ? [`${type}.${name}`] : strangeInputs(types, found, inner);
  });
}

interface Body {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

let fake: FakeLinear;
beforeAll(async () => {
  fake = await createFakeLinear();
  const tools = toolsOf(provider, { url: fake.graphqlUrl, token: fake.token, settings: { team: 'ENG' } });
  const issue = {
    title: 'x',
    status: 'Todo',
    assignee: 'ada',
    priority: 'low',
    dueDate: '2026-01-01',
    description: 'y',
  };
  const output = await tools.run('createIssue', issue, 'effect-1');
  await tools.run('updateIssue', { id: 'ENG-1', ...issue, assignee: 'me' });
  const filters = { team: 'ENG', status: 'Todo', assignee: 'ada@example.com', query: 'x', limit: 1 };
  await tools.run('getIssues', { ...filters, updatedSince: '2026-01-01T00:00:00Z', cursor: String(output['id']) });
  await tools.run('createIssue', { ...issue, team: 'nowhere' }).catch(() => undefined);
  await tools.undo('createIssue', { args: issue, output });
});
afterAll(() => fake.close());

describe('what we ask of Linear', () => {
  it('is in its schema, as its SDK knows it', () => {
    const types = readTypes();
    const bodies = fake.calls().map(({ body }) => body as Body);
    expect(new Set(fake.calls().map(({ operation }) => operation))).toEqual(
      new Set(['teams', 'users', 'issueCreate', 'issueUpdate', 'issue', 'issues', 'issueDelete']),
    );
    for (const { query, variables } of bodies) {
      expect(strangeFields(types, query)).toEqual([]);
      const declared = [...query.matchAll(/\$(\w+): (\w+)/g)].map(([, name = '', type = '']) => ({ name, type }));
      expect(declared.flatMap(({ name, type }) => strangeInputs(types, type, variables[name]))).toEqual([]);
    }
  });

  it('would be found out if it were not', () => {
    const types = readTypes();
    expect(strangeFields(types, 'query { issues { nodes { id owner { id } } } }')).toEqual(['Issue.owner']);
    expect(strangeInputs(types, 'IssueFilter', { team: { key: { is: 'ENG' } } })).toEqual(['StringComparator.is']);
  });
});
