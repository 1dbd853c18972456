import type { AdfNode } from './adf.ts';

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
