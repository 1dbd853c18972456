import { FILLED_TOKEN } from './fill.ts';

/** One address that is read, and as whom. */
export interface Read {
  readonly address: string;
  readonly as: 'admin' | 'person';
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: { readonly enum?: readonly string[]; readonly maximum?: number };
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

interface Description {
  readonly paths: Readonly<Record<string, { readonly get?: Operation }>>;
}

/** What stands in for the parts of an address that name something. */
export type Names = Readonly<Record<string, string>>;

const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();

/** What is tried for a parameter that is no choice among a few, by its name and, where that differs, its address. */
const TRIED: Readonly<Record<string, readonly string[]>> = {
  since: [daysAgo(1), daysAgo(59)],
  until: [daysAgo(30), daysAgo(59)],
  // Something that most have, something that the oldest has, and something that nobody has ever said.
  text: ['announcement', 'number 77 ', 'nowhere to be found'],
  'status /api/jobs': [
    'failed',
    'expired',
    'completed',
    'running',
    'awaiting_approval',
    'failed,cancelled,expired,partial',
  ],
  'before /api/admin/routing/decisions': [daysAgo(30)],
  'before /api/admin/ledger': [daysAgo(30)],
  groupBy: ['day', 'user', 'agent', 'model', 'orchestration', 'day,user,agent,model', 'day,orchestration'],
  from: [daysAgo(50).slice(0, 10)],
  to: [daysAgo(20).slice(0, 10)],
  provider: ['notion'],
  refresh: [],
  after: [],
  limit: [],
};

/**
 * Every address that the API describes as one to read, from its own description: so a new one is read too. Each parameter
 * is tried for itself: every choice of a few, the largest number, or what `TRIED` says.
 * @throws for a parameter or a part of an address of which nobody has said what to try.
 */
export function toReads({ paths }: Description, names: Names): Read[] {
  return Object.entries(paths).flatMap(([path, { get }]) => {
    if (!get || isStream(get)) return [];
    const address = path.replace(/\{(\w+)\}/g, (_, name: string) => nameFor(names, name, path));
    const variants = (get.parameters ?? []).flatMap((parameter) =>
      parameter.in === 'query'
        ? valuesFor(parameter, path, names).map((value) => [parameter.name, value] as const)
        : [],
    );
    const addresses = [address, ...variants.map(([name, value]) => `${address}?${name}=${encodeURIComponent(value)}`)];
    return addresses.flatMap((each) => (['admin', 'person'] as const).map((as) => ({ address: each, as })));
  });
}

const isStream = ({ responses }: Operation): boolean =>
  Object.values(responses).some(({ content }) => content && 'text/event-stream' in content);

function nameFor(names: Names, name: string, path: string): string {
  const found = names[name];
  if (found === undefined) throw new Error(`Say in reads.ts what {${name}} of ${path} is.`);
  return found;
}

function valuesFor({ name, schema }: Parameter, path: string, names: Names): readonly string[] {
  const tried =
    TRIED[`${name} ${path}`] ?? (name === 'before' || name === 'jobId' ? [names['jobId'] ?? ''] : TRIED[name]);
  if (tried === undefined && !schema.enum && !schema.maximum)
    throw new Error(`Say in reads.ts what to try for ${name} of ${path}.`);
  return [...(schema.enum ?? []), ...(schema.maximum ? [String(schema.maximum)] : []), ...(tried ?? [])];
}

/** Reads once; undefined when it is not for them. @throws when it is refused for another reason. */
export async function read(url: string, { address, as }: Read, adminToken: string): Promise<number | undefined> {
  const token = as === 'admin' ? adminToken : FILLED_TOKEN;
  const before = performance.now();
  const answer = await fetch(`${url}${address}`, { headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  if (answer.status === 403 && as === 'person') return undefined;
  if (answer.status !== 200 && answer.status !== 404)
    throw new Error(`${address}: ${answer.status} ${text.slice(0, 200)}`);
  return performance.now() - before;
}
