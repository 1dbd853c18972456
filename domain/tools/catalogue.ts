import { isRecord } from '../../contracts/json.ts';
import type { OfferedTool } from './tool-host.ts';
import type { ModelTool, WantedCall } from '../models/model-port.ts';
import { toModelTool } from './clean-definition.ts';
import { searchTools } from './search.ts';

/**
 * Definitions may take 3 % of the model's context of 200,000 tokens, at four bytes a token. Where they take more, the
 * model looks tools up instead: search, details, execute.
 */
export const MAX_DEFINITION_BYTES = 200_000 * 0.03 * 4;

/** Local tools: they are answered by us, but for `execute`, which stands for the tool that it names. */
export const CATALOGUE = { search: 'tools__search', details: 'tools__details', execute: 'tools__execute' } as const;

interface ToolsForModel {
  readonly mode: 'direct' | 'search';
  /** By name: the provider caches the beginning of a request, and tools are its very beginning. */
  readonly tools: readonly ModelTool[];
  /** Those that are given by their own definitions. */
  readonly inRequest: readonly OfferedTool[];
}

/**
 * What a model is given of the tools that are offered. What untrusted servers say, names included, is looked up and not
 * given, so that only a turn that wants such a tool has read a stranger's words; `all` gives it all the same.
 */
export function toolsFor(offered: readonly OfferedTool[], all = false): ToolsForModel {
  const inRequest = all ? offered : offered.filter(({ untrusted }) => untrusted !== true);
  const hidden = offered.length > inRequest.length ? lookUpTools(offered) : [];
  const tools = [...inRequest.flatMap((tool) => toModelTool(tool) ?? []), ...hidden].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  if (Buffer.byteLength(JSON.stringify(tools)) <= MAX_DEFINITION_BYTES) return { mode: 'direct', tools, inRequest };
  return { mode: 'search', tools: lookUpTools(offered), inRequest: [] };
}

const DEFAULT_LIMIT = 10;
const MAX_FOUND = 25;
const MAX_SLUGS = 40;

const object = (properties: Record<string, unknown>, required: readonly string[]) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

const nameProperty = { type: 'string', description: 'The name of a tool, as tools__search gives it.' };

/** By name, as all tools are. */
const lookUpTools = (offered: readonly OfferedTool[]): ModelTool[] => [
  {
    name: CATALOGUE.details,
    description: 'Gives a tool whole: its description and the JSON schema of its arguments. Ask before you execute it.',
    inputSchema: object({ name: nameProperty }, ['name']),
  },
  {
    name: CATALOGUE.execute,
    description: 'Runs a tool with arguments that follow its schema.',
    inputSchema: object(
      { name: nameProperty, arguments: { type: 'object', description: 'The arguments of the tool.' } },
      ['name', 'arguments'],
    ),
  },
  {
    name: CATALOGUE.search,
    description: `Finds tools by words, such as "create task" or "list pull requests". There are ${offered.length} of ${slugsOf(offered)}.`,
    inputSchema: object(
      {
        query: { type: 'string', description: 'What the tool should do, in a few words.' },
        limit: {
          type: 'integer',
          description: `How many at most: ${DEFAULT_LIMIT}, and never more than ${MAX_FOUND}.`,
        },
      },
      ['query'],
    ),
  },
];

function slugsOf(offered: readonly OfferedTool[]): string {
  const slugs = [...new Set(offered.map(({ slug }) => slug))].sort();
  const more = slugs.length - MAX_SLUGS;
  return `${slugs.slice(0, MAX_SLUGS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

type Input = Readonly<Record<string, unknown>>;

/** What `tools__search` and `tools__details` answer, as text for the model; undefined for every other tool. */
export function answerLocally(name: string, input: Input, offered: readonly OfferedTool[]): string | undefined {
  if (name === CATALOGUE.search) return search(input, offered);
  return name === CATALOGUE.details ? details(input, offered) : undefined;
}

function search({ query, limit }: Input, offered: readonly OfferedTool[]): string {
  if (typeof query !== 'string' || query.trim() === '') return 'Say in "query" what the tool should do.';
  const wanted = typeof limit === 'number' && limit >= 1 ? Math.floor(limit) : DEFAULT_LIMIT;
  const found = searchTools(offered, query, Math.min(wanted, MAX_FOUND));
  if (found.length === 0)
    return `No tool fits ${JSON.stringify(query)}. There are ${offered.length} of ${slugsOf(offered)}; try other words.`;
  return JSON.stringify({ tools: found.map(toLine), of: offered.length });
}

const MAX_LINE = 200;

const toLine = ({ name, definition: { title, description } }: OfferedTool) => {
  const plain = description.replace(/\s+/g, ' ').trim();
  const line = plain.length > MAX_LINE ? `${plain.slice(0, MAX_LINE).trimEnd().toWellFormed()}…` : plain;
  return { name, ...(title && { title }), description: line };
};

function details({ name }: Input, offered: readonly OfferedTool[]): string {
  const tool = offered.find((one) => one.name === name);
  const shown = tool && toModelTool(tool);
  if (!tool || !shown) {
    const near = typeof name === 'string' ? searchTools(offered, name, 3).map((one) => one.name) : [];
    const hint = near.length > 0 ? ` Did you mean ${near.join(', ')}?` : '';
    return `There is no tool ${JSON.stringify(name) ?? 'without a name'}.${hint}`;
  }
  const { title, outputSchema } = tool.definition;
  return JSON.stringify({
    ...shown,
    ...(title && { title }),
    connection: tool.connection,
    ...(outputSchema && { outputSchema }),
  });
}

type Call = Pick<WantedCall, 'name' | 'input'>;

/**
 * The call that is meant: of `tools__execute` the tool that it names, with its arguments, otherwise the call itself. A
 * name that is missing becomes an empty one, which is no tool's.
 */
export function unwrap({ name, input }: Call): Call {
  if (name !== CATALOGUE.execute) return { name, input };
  const { name: tool, arguments: args } = input;
  return { name: typeof tool === 'string' ? tool : '', input: toArguments(args) };
}

/** Models sometimes write arguments as a text of JSON. */
function toArguments(given: unknown): Input {
  if (typeof given !== 'string') return isRecord(given) ? given : {};
  try {
    const parsed: unknown = JSON.parse(given);
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}
