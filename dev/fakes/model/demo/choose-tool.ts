import type { ModelTool } from '../types.ts';
import type { Want } from './tool-wants.ts';

/** Words of tools' names that do a verb, the best first. */
const DOES: Readonly<Record<Want['verb'], readonly string[]>> = {
  create: ['create', 'add', 'new', 'make', 'open'],
  update: ['update', 'edit', 'change', 'set'],
  delete: ['delete', 'remove', 'archive', 'trash'],
  list: ['list', 'get', 'query', 'search', 'fetch'],
  search: ['search', 'find', 'query', 'list', 'get'],
  post: ['post', 'send', 'publish'],
};

/** Words of tools' names for a thing, the best first. */
const IS: Readonly<Record<Want['thing'], readonly string[]>> = {
  task: ['task', 'todo', 'issue', 'page'],
  issue: ['issue', 'ticket', 'bug', 'task'],
  message: ['message', 'chat'],
  channel: ['channel'],
  user: ['user', 'member', 'people'],
  pull: ['pull', 'pr'],
};

/** Providers as people write them. */
const KOREAN_NAMES: Readonly<Record<string, RegExp>> = {
  notion: /노션/,
  slack: /슬랙/,
  linear: /리니어/,
  jira: /지라/,
  github: /깃허브|깃헙/,
  sentry: /센트리/,
  salesforce: /세일즈포스/,
};

const partsOf = (name: string): string[] =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[\s_-]+/)
    .filter((part) => part !== '');

const singular = (word: string): string => word.replace(/(?<=[a-z]{2})s$/, '');
const slugOf = (name: string): string => name.split('__')[0]?.toLowerCase() ?? '';

const isNamed = (slug: string, words: string): boolean =>
  (slug.length > 2 && new RegExp(`\\b${slug.replaceAll('_', '[ _-]?')}\\b`, 'i').test(words)) ||
  Object.entries(KOREAN_NAMES).some(([provider, name]) => slug.includes(provider) && name.test(words));

const PROVIDERS =
  /\b(notion|slack|linear|jira|github|sentry|salesforce)\b|노션|리니어|지라|깃허브|깃헙|센트리|세일즈포스/i;

/** The tools that do what is wanted, the best first; where a provider is named, only its own. */
export function toolsFitting<T extends Pick<ModelTool, 'name'>>(tools: readonly T[], want: Want): T[] {
  const ranked = tools
    .map((tool) => ({ tool, rank: rankOf(tool.name, want), named: isNamed(slugOf(tool.name), want.words) }))
    .filter(({ rank }) => rank !== undefined);
  const named = ranked.filter((one) => one.named);
  const elsewhere = want.thing !== 'message' && PROVIDERS.test(want.words);
  return (named.length > 0 || elsewhere ? named : ranked)
    .toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0) || (a.tool.name < b.tool.name ? -1 : 1))
    .map(({ tool }) => tool);
}

/** How far the name is from the best one; undefined when it is no tool for this. */
function rankOf(name: string, { verb, thing, words }: Want): number | undefined {
  const parts = partsOf(name.slice(name.indexOf('__') + 2));
  const does = [...DOES[verb], ...(verb === 'update' && /\bresolve|해결/i.test(words) ? ['resolve'] : [])];
  const verbAt = does.findIndex((word) => parts.includes(word));
  const thingAt = IS[thing].findIndex((word) => parts.map(singular).includes(word));
  if (verbAt < 0 || thingAt < 0) return undefined;
  const last = parts.at(-1) ?? '';
  const wantsMany = verb === 'list' || verb === 'search';
  return thingAt * 100 + (wantsMany && !last.endsWith('s') ? 50 : 0) + verbAt;
}
