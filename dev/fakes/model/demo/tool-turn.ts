import { isRecord } from '../../http-server.ts';
import type { ModelRequest, ModelTool, ToolResultSeen, WantedCall } from '../types.ts';
import { asAgent } from './agent-answer.ts';
import { toolsFitting } from './choose-tool.ts';
import { languageOf, questionOf, quoteOf } from './request-words.ts';
import { argumentsFor } from './tool-arguments.ts';
import { TOOL_TEXTS } from './tool-texts.ts';
import { orderIn, wantsOf, type Want } from './tool-wants.ts';

/** Names under which a house with many tools offers to look for one. */
const LOOKUP = { search: 'tools__search', details: 'tools__details', execute: 'tools__execute' } as const;
const HOUSE = /^(?:tools__(?:search|details)|skills__load)$/;

type Said = { readonly text: string } | { readonly calls: readonly WantedCall[]; readonly text?: string };

/** The demo's turn where tools are offered: the next call, or the answer once they are made; undefined: it just talks. */
export function toolTurn(request: ModelRequest): Said | undefined {
  const order = orderIn(request.userText);
  const wants = request.tools.length > 0 ? wantsOf(order) : [];
  const done = request.allToolResults.filter(({ name }) => !HOUSE.test(name));
  const texts = TOOL_TEXTS[languageOf(order)];
  const next = wants[done.length];
  const call = next && !done.some(({ isError }) => isError) ? callFor(request, next, done) : undefined;
  if (call) return { calls: [call], text: call.name === LOOKUP.search ? texts.searching : texts.calling(toolIn(call)) };
  return done.length > 0 ? { text: answerFrom(request, order, done) } : undefined;
}

/** The tool behind a call, also behind one that only hands it on. */
const toolIn = ({ name, input }: WantedCall): string =>
  name.startsWith('tools__') && typeof input['name'] === 'string' ? input['name'] : name;

function callFor(request: ModelRequest, want: Want, done: readonly ToolResultSeen[]): WantedCall | undefined {
  const earlier = done.length > 0 ? (linksIn(done.at(-1)?.text ?? '')[0] ?? done.at(-1)?.text) : undefined;
  for (const tool of toolsFitting(request.tools, want)) {
    const input = argumentsFor(tool, want, earlier);
    if (input) return { name: tool.name, input };
  }
  return request.tools.some(({ name }) => name === LOOKUP.search) ? lookUp(request, want, earlier) : undefined;
}

/** Search, details, execute: one after the other, each from what the one before it has answered. */
function lookUp({ toolResults }: ModelRequest, want: Want, earlier: string | undefined): WantedCall | undefined {
  const last = toolResults.at(-1);
  if (last?.name === LOOKUP.details) {
    const tool = toTool(parse(last.text));
    const input = tool && argumentsFor(tool, want, earlier);
    return input && { name: LOOKUP.execute, input: { name: tool.name, arguments: input } };
  }
  if (last?.name === LOOKUP.search) {
    const [found] = toolsFitting(listedIn(last.text), want);
    return found && { name: LOOKUP.details, input: { name: found.name } };
  }
  return { name: LOOKUP.search, input: { query: `${want.verb} ${want.thing} ${quoteOf(want.words, 60)}` } };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const toTool = (given: unknown): ModelTool | undefined =>
  isRecord(given) && typeof given['name'] === 'string'
    ? {
        name: given['name'],
        description: '',
        inputSchema: isRecord(given['inputSchema']) ? given['inputSchema'] : {},
      }
    : undefined;

function listedIn(text: string): ModelTool[] {
  const given = parse(text);
  const listed = isRecord(given) && Array.isArray(given['tools']) ? given['tools'] : [];
  return listed.map(toTool).filter((tool) => tool !== undefined);
}

const linksIn = (text: string): string[] => text.match(/https?:\/\/[^\s"'<>)\]\\]+/gu) ?? [];
const MAX_QUOTE = 600;

/** What the tools have said, in their own words, with the link where they gave one. */
function answerFrom({ system, messages }: ModelRequest, order: string, done: readonly ToolResultSeen[]): string {
  const texts = TOOL_TEXTS[languageOf(order)];
  const calls = messages.flatMap((turn) => turn.calls);
  const said = done.flatMap(({ text, isError, name, toolUseId }) => {
    const tool = toolIn(calls.find(({ id }) => id === toolUseId) ?? { name, input: {} });
    const [link] = isError ? [] : linksIn(text);
    const quote = text.length > MAX_QUOTE ? `${text.slice(0, MAX_QUOTE).trimEnd()}…` : text;
    return [
      isError ? texts.refused(tool) : texts.done(tool),
      quote.trim() === '' ? '> …' : quote.trim().replace(/^(.*)$/gmu, '> $1  '),
      ...(link ? [`[${texts.open}](${link})`] : []),
    ];
  });
  return asAgent(system, questionOf(order), [...said, texts.note]);
}
