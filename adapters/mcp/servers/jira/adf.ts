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
