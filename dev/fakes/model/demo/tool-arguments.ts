import { isRecord } from '../../http-server.ts';
import type { JsonSchema, ModelTool } from '../types.ts';
import { quotedIn, type Want } from './tool-wants.ts';

type Reader = (want: Want, earlier: string | undefined) => string | undefined;

/** What follows "name:", up to the next such name; the quote alone where it begins with one. */
const after = (words: string, name: RegExp): string | undefined => {
  const found = new RegExp(`(?:${name.source})\\s*[:：]\\s*(.+)`, 'iu').exec(words)?.[1];
  if (found === undefined) return undefined;
  if (/^["“「'`]/u.test(found)) return quotedIn(found)[0];
  return found
    .split(/,?\s*\b(?:description|notes|body|due|status|priority)\s*[:：]|,?\s*(?:설명|내용|마감)\s*[:：]/iu)[0]
    ?.trim();
};

const TITLE = /task|issue|ticket|bug|to-?do|card|title|작업|태스크|할 ?일|이슈|티켓|버그|제목/;
const BODY = /description|notes|details|body|설명|내용/;
const TEXT = /message|text|saying|announcement|메시지|내용|공지/;

/** "titled Fix the login", "to fix the login": what the clause says of the thing itself. */
const named = (words: string): string | undefined =>
  /\b(?:titled|called|named|to|for|about)\s+(.{3,200})$/iu.exec(words)?.[1]?.replace(/[.!?\s]+$/u, '') || undefined;

const idIn = (words: string): string | undefined =>
  /\b([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|[A-Z][A-Z0-9]{1,9}-\d+)\b/i.exec(words)?.[1] ??
  /(?<![\p{L}\d])#(\d+)\b/u.exec(words)?.[1] ??
  /\b(?:id|number|no\.)\s*[:=]?\s*([\w-]{1,64})/iu.exec(words)?.[1];

const channelIn = (words: string): string | undefined =>
  /<#(\w+)(?:\|[^>]*)?>/u.exec(words)?.[1] ??
  /(?<![\p{L}\d])(#[\p{L}\d_-]*[\p{L}_][\p{L}\d_-]*)/u.exec(words)?.[1]?.replace(/(?:에서|에|으로|로)$/u, '');

const unquoted = (words: string): string => words.replace(/["“”「」`]/gu, '').trim();

/** "post Hello to #launch" says Hello; without such words it is the answer so far that is posted. */
const spokenIn = ({ words }: Want, earlier: string | undefined): string | undefined => {
  const [quote] = quotedIn(words);
  const plain =
    /\b(?:post|send|share|announce|publish)\s+(.{1,500}?)\s+(?:to|in|on)\s+(?:the\s+)?(?:<#|#|\w+ channel|slack)/iu.exec(
      words,
    )?.[1];
  const said =
    quote ?? after(words, TEXT) ?? (plain && !/^(?:it|this|that|the link|a link)$/iu.test(plain) ? plain : undefined);
  return said && earlier && /\blink\b|링크/iu.test(words) ? `${said} ${earlier}` : (said ?? earlier);
};

const searchedIn = ({ words }: Want): string | undefined =>
  quotedIn(words)[0] ?? /\b(?:for|about|with|on)\s+(.{2,120}?)(?:\s+in\s+\w+)?[.!?]?$/iu.exec(words)?.[1];

const STATUS =
  /\b(?:to|as|status:?)\s+["“]?(done|complete[d]?|closed|open|in progress|to ?do|todo|cancel+ed|resolved)\b/iu;
const statusIn = ({ words }: Want): string | undefined =>
  STATUS.exec(words)?.[1] ??
  (/\b(?:close|complete|finish|resolve)\b|완료|닫아|해결/iu.test(words) ? 'done' : undefined);

/** What a property of this name is filled with. The first that fits the name is asked. */
const READERS: readonly (readonly [RegExp, Reader])[] = [
  [/channel/, ({ words }) => channelIn(words)],
  [/^(text|message|markdown)$/, spokenIn],
  [
    /^(title|name|summary|subject)$/,
    ({ words, verb }) =>
      verb === 'update'
        ? after(words, /title|제목/)
        : (quotedIn(words)[0] ?? after(words, TITLE) ?? after(words, /[\p{L}\d]/u) ?? named(unquoted(words))),
  ],
  [/^(description|body|notes|content|details)$/, ({ words }) => after(words, BODY) ?? quotedIn(words)[1]],
  [/^(query|q|search|term|keywords)$/, searchedIn],
  [/due|deadline/, ({ words }) => /\b\d{4}-\d{2}-\d{2}\b/u.exec(words)?.[0]],
  [/^(status|state)$/, (want) => (want.verb === 'update' ? statusIn(want) : undefined)],
  [/^(id|.*_?id|.*Id|identifier|key|number|issue)$/, ({ words }) => idIn(words)],
];

/**
 * Arguments for a tool from the words of a want. `earlier`: what an earlier call came to, for "post it".
 * Undefined when the words do not say something that the tool must have.
 */
export function argumentsFor(
  { inputSchema }: ModelTool,
  want: Want,
  earlier: string | undefined,
): Record<string, unknown> | undefined {
  const properties = isRecord(inputSchema['properties']) ? inputSchema['properties'] : {};
  const required = Array.isArray(inputSchema['required']) ? inputSchema['required'] : [];
  const filled: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(properties)) {
    const schema = isRecord(property) ? property : {};
    const reader = READERS.find(([fits]) => fits.test(name))?.[1];
    const value = fitting(schema, reader?.(want, earlier)) ?? schema['const'] ?? schema['default'];
    if (value !== undefined && (required.includes(name) || reader)) filled[name] = value;
    else if (required.includes(name)) return undefined;
  }
  return filled;
}

/** The words as the schema wants them; undefined where they do not fit. */
function fitting(schema: JsonSchema, said: string | undefined): unknown {
  if (said === undefined) return undefined;
  const variants = [schema, ...(Array.isArray(schema['anyOf']) ? schema['anyOf'].filter(isRecord) : [])];
  for (const variant of variants) {
    const types = [variant['type']].flat();
    if (Array.isArray(variant['enum'])) {
      const same = (one: unknown) =>
        String(one).toLowerCase().replace(/\W/g, '') === said.toLowerCase().replace(/\W/g, '');
      const found: unknown = variant['enum'].find(same);
      if (found !== undefined) return found;
    } else if (types.includes('string')) return said;
    else if (types.includes('integer') || types.includes('number')) {
      const number = Number(said);
      if (Number.isFinite(number)) return number;
    }
  }
  return undefined;
}
