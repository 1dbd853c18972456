/** A node of the Atlassian Document Format. */
export interface AdfNode {
  readonly type: string;
  readonly text?: string;
  readonly content?: readonly AdfNode[];
  readonly attrs?: Readonly<Record<string, unknown>>;
  readonly marks?: readonly { readonly type: string; readonly attrs?: Readonly<Record<string, unknown>> }[];
}

interface AdfDocument extends AdfNode {
  readonly type: 'doc';
  readonly version: 1;
}

const HEADING = /^(#{1,6}) +(.+)$/;
const BULLET = /^\s*[-*] +(.+)$/;
const NUMBERED = /^\s*\d+[.)] +(.+)$/;
const FENCE = /^```(\w*)\s*$/;
/** A fence that names a language opens code and never closes it. */
const CLOSING = /^```\s*$/;

/** Markdown as models write it, as a document of Jira's: headings, lists, code, bold, italic and links. */
export function toAdf(markdown: string): AdfDocument {
  const lines = markdown.replaceAll('\r\n', '\n').split('\n');
  const content: AdfNode[] = [];
  while (lines.length > 0) {
    const block = parseBlock(lines);
    if (block) content.push(block);
  }
  return { type: 'doc', version: 1, content };
}

/** Parses the first block and removes its lines; undefined for an empty line. */
function parseBlock(lines: string[]): AdfNode | undefined {
  const line = lines[0] ?? '';
  if (line.trim() === '') return void lines.shift();
  const fence = FENCE.exec(line);
  if (fence) return parseCode(lines, fence[1] ?? '');
  const heading = HEADING.exec(line);
  if (heading) {
    lines.shift();
    return { type: 'heading', attrs: { level: heading[1]?.length ?? 1 }, content: toInline(heading[2] ?? '') };
  }
  if (BULLET.test(line)) return { type: 'bulletList', content: parseItems(lines, BULLET) };
  if (NUMBERED.test(line)) return { type: 'orderedList', content: parseItems(lines, NUMBERED) };
  return parseParagraph(lines);
}

function parseCode(lines: string[], language: string): AdfNode {
  lines.shift();
  const end = lines.findIndex((line) => CLOSING.test(line));
  const text = lines.splice(0, end < 0 ? lines.length : end).join('\n');
  lines.shift();
  return {
    type: 'codeBlock',
    ...(language && { attrs: { language } }),
    ...(text && { content: [{ type: 'text', text }] }),
  };
}

function parseItems(lines: string[], item: RegExp): AdfNode[] {
  const items: AdfNode[] = [];
  for (let text = item.exec(lines[0] ?? '')?.[1]; text; text = item.exec(lines[0] ?? '')?.[1]) {
    lines.shift();
    items.push({ type: 'listItem', content: [{ type: 'paragraph', content: toInline(text) }] });
  }
  return items;
}

const startsBlock = (line: string): boolean =>
  line.trim() === '' || [HEADING, BULLET, NUMBERED, FENCE].some((start) => start.test(line));

function parseParagraph(lines: string[]): AdfNode {
  const paragraph = [lines.shift() ?? ''];
  while (lines[0] !== undefined && !startsBlock(lines[0])) paragraph.push(lines.shift() ?? '');
  const content = paragraph.flatMap((line, index) => [
    ...(index > 0 ? [{ type: 'hardBreak' }] : []),
    ...toInline(line),
  ]);
  return { type: 'paragraph', content };
}

// Bounded, so that hostile text costs no more than its length.
const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\][]{1,500})\]\((https?:\/\/[^\s)]{1,2000})\)/g;

function toInline(text: string): AdfNode[] {
  const nodes: AdfNode[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, strong, em, label, href] = match;
    if (match.index > at) nodes.push({ type: 'text', text: text.slice(at, match.index) });
    const mark = code ? 'code' : strong ? 'strong' : em ? 'em' : 'link';
    nodes.push({
      type: 'text',
      text: code ?? strong ?? em ?? label ?? whole,
      marks: [{ type: mark, ...(href && { attrs: { href } }) }],
    });
    at = match.index + whole.length;
  }
  if (at < text.length) nodes.push({ type: 'text', text: text.slice(at) });
  return nodes;
}

const isNode = (value: unknown): value is AdfNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/** Documents may nest without end; what is deeper is left out. */
const MAX_DEPTH = 30;

/** What a document of Jira's says, as plain text with markdown where it carries meaning. */
export function fromAdf(document: unknown): string {
  return isNode(document) ? blocks(document, 0).trim() : '';
}

function blocks({ content = [] }: AdfNode, depth: number, between = '\n\n'): string {
  if (depth > MAX_DEPTH) return '…';
  return content
    .map((node) => toText(node, depth))
    .filter((text) => text !== '')
    .join(between);
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const indent = (text: string): string => text.replaceAll('\n', '\n  ');

function toText(node: AdfNode, depth: number): string {
  switch (node.type) {
    case 'heading':
      return `${'#'.repeat(Number(node.attrs?.['level'] ?? 1))} ${inline(node, depth)}`;
    case 'paragraph':
      return inline(node, depth);
    case 'codeBlock':
      return `\`\`\`${textOf(node.attrs?.['language'])}\n${inline(node, depth)}\n\`\`\``;
    case 'bulletList':
      return items(node, depth, () => '- ');
    case 'orderedList':
      return items(node, depth, (number) => `${number}. `);
    case 'rule':
      return '---';
    default:
      return node.content ? blocks(node, depth + 1) : inlineNode(node, depth);
  }
}

const items = ({ content = [] }: AdfNode, depth: number, sign: (number: number) => string): string =>
  content.map((item, index) => `${sign(index + 1)}${indent(blocks(item, depth + 1, '\n'))}`).join('\n');

const inline = ({ content = [] }: AdfNode, depth: number): string =>
  depth > MAX_DEPTH ? '…' : content.map((node) => inlineNode(node, depth + 1)).join('');

function inlineNode(node: AdfNode, depth: number): string {
  if (node.type === 'hardBreak') return '\n';
  // Mentions, emoji, dates and cards carry their text in an attribute.
  const attribute = node.attrs?.['text'] ?? node.attrs?.['shortName'] ?? node.attrs?.['url'];
  const text = node.text ?? (typeof attribute === 'string' ? attribute : inline(node, depth));
  return (node.marks ?? []).reduce((marked, { type, attrs }) => {
    if (type === 'code') return `\`${marked}\``;
    if (type === 'strong') return `**${marked}**`;
    if (type === 'em') return `*${marked}*`;
    if (type === 'link' && typeof attrs?.['href'] === 'string') return `[${marked}](${attrs['href']})`;
    return marked;
  }, text);
}
