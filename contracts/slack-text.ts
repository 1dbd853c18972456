import { cleanText } from './clean-text.ts';
import { isRecord, storableText } from './json.ts';

/** Names of people by their Slack id. */
export type SlackNames = ReadonlyMap<string, string>;

/** Slack escapes exactly these three. */
const decode = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/**
 * Slack's markup as people read it: names for ids, labels with the address that they open, the three characters that
 * Slack escapes as themselves. What a person has typed cannot be markup: its brackets come escaped.
 */
export const readableSlackText = (text: string, names: SlackNames): string =>
  storableText(decode(text.replaceAll(/<([^<>\n]+)>/g, (_, token: string) => readableToken(token, names))));

function readableToken(token: string, names: SlackNames): string {
  const bar = token.indexOf('|');
  const [target, label] = bar < 0 ? [token, ''] : [token.slice(0, bar), token.slice(bar + 1).trim()];
  if (target.startsWith('@')) return `@${names.get(target.slice(1)) ?? (label.replace(/^@/, '') || target.slice(1))}`;
  if (target.startsWith('#')) return `#${label.replace(/^#/, '') || target.slice(1)}`;
  if (target.startsWith('!date^')) return label;
  if (target.startsWith('!subteam^')) return `@${label.replace(/^@/, '') || 'group'}`;
  if (target.startsWith('!')) return `@${label.replace(/^@/, '') || target.slice(1)}`;
  return readableLink(target, label);
}

function readableLink(target: string, label: string): string {
  const address = target.replace(/^(?:mailto|tel):/i, '');
  const isSame = label === '' || label === target || `${target.split(':', 1)[0]}://${label}` === target;
  return isSame || label === address ? address : `${label} (${address})`;
}

/** The people whom a text names, without `except`; groups and whole channels count as somebody. */
export const mentionedIn = (text: string, except?: string): string[] =>
  [...text.matchAll(/<(?:@([A-Z0-9_]+)|!(subteam\^[A-Z0-9]+|here|channel|everyone))(?:\|[^<>]*)?>/gi)]
    .map(([, person, many]) => person ?? many ?? '')
    .filter((id) => id !== except);

/** Words that a person has passed on or that stood before their own: somebody else's, and so untrusted. */
export interface QuotedWords {
  /** Whose they are, as far as Slack says. */
  readonly by?: string | undefined;
  readonly text: string;
}

const MAX_DEPTH = 8;

/** The words of Block Kit blocks, of whatever kind, in order. */
export function textOfBlocks(value: unknown, names: SlackNames, depth = 0): string {
  if (depth > MAX_DEPTH) return '';
  const inner = (given: unknown): string => textOfBlocks(given, names, depth + 1);
  if (Array.isArray(value)) return value.map(inner).join('');
  if (!isRecord(value)) return '';
  const { type, text, elements, fields, url, user_id: user, name, title } = value;
  if (type === 'user' && typeof user === 'string') return `@${names.get(user) ?? user}`;
  if (type === 'broadcast') return '@channel';
  if (type === 'emoji' && typeof name === 'string') return `:${name}:`;
  if (type === 'link' && typeof url === 'string') return readableLink(url, typeof text === 'string' ? text : '');
  if (typeof text === 'string') return type === 'text' ? storableText(text) : readableSlackText(text, names);
  const own = [text, title, fields, elements].map(inner).join('');
  const isBlock = /^(?:rich_text_(?:section|preformatted|quote)|section|header|context|markdown)$/.test(String(type));
  return isBlock && own !== '' ? `${own}\n` : own;
}

const textIn = (value: unknown): string => (typeof value === 'string' ? value : '');
const MAX_ATTACHMENTS = 20;

/** What stands in a message beside its text: forwarded messages and other attachments, and the names of files. */
export function quotedIn(
  { attachments, files }: { readonly attachments?: unknown; readonly files?: unknown },
  names: SlackNames,
): QuotedWords[] {
  const list = Array.isArray(attachments) ? attachments.filter(isRecord).slice(0, MAX_ATTACHMENTS) : [];
  const quoted = list.flatMap((attachment): QuotedWords[] => {
    const { author_name: author, author_id: id, text, message_blocks: blocks, fallback, pretext, title } = attachment;
    const inBlocks = () => textOfBlocks((Array.isArray(blocks) ? blocks : []).map(blocksIn), names).trim();
    const said =
      readableSlackText(textIn(text), names).trim() || inBlocks() || textOfBlocks(attachment['blocks'], names);
    const around = [pretext, title].map((one) => readableSlackText(textIn(one), names).trim());
    const words = [...around, said || readableSlackText(textIn(fallback), names)].filter(Boolean).join('\n').trim();
    const by = names.get(textIn(id)) ?? (textIn(author) || undefined);
    return [...(words ? [{ by, text: words }] : []), ...filesIn(attachment['files'], by)];
  });
  return [...quoted, ...filesIn(files, undefined)];
}

const blocksIn = (one: unknown): unknown => {
  const message = isRecord(one) ? one['message'] : undefined;
  return isRecord(message) ? message['blocks'] : undefined;
};

function filesIn(files: unknown, by: string | undefined): QuotedWords[] {
  const names = (Array.isArray(files) ? files : [])
    .filter(isRecord)
    .map(({ name, title }) => storableText(textIn(name) || textIn(title)).trim())
    .filter(Boolean);
  return names.length > 0 ? [{ by, text: `📎 ${names.slice(0, MAX_ATTACHMENTS).join(', ')}` }] : [];
}

/** Characters of one quotation, and of all of a request. */
const QUOTE_CHARS = 8_000;
const QUOTES_CHARS = 20_000;

/**
 * A request with what it quotes below it, each line marked, so that nobody's words can pass as the asker's own. What
 * does not fit is left out from the oldest on, and that is said. `room` is in characters.
 */
export function withQuotes(own: string, quoted: readonly QuotedWords[], heading: string, room: number): string {
  if (quoted.length === 0) return own;
  const lines: string[] = [];
  let left = Math.min(QUOTES_CHARS, room - own.length - heading.length - 8);
  for (const { by, text } of quoted.toReversed()) {
    const lined = (by ? `${by}: ${text}` : text).replaceAll(/\r\n?|[\u2028\u2029]/g, '\n');
    const marked = `> ${cleanText(lined, QUOTE_CHARS).replaceAll('\n', '\n> ')}`;
    if (marked.length > left) {
      lines.push('> […]');
      break;
    }
    lines.push(marked);
    left -= marked.length + 1;
  }
  return `${own}\n\n${heading}\n${lines.reverse().join('\n')}`.trim();
}
