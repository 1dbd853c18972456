/**
 * A model's Markdown as Slack may show it: nobody is called by it, and no link hides where it leads. Slack reads its own
 * `<!channel>`, `<@U…>`, `<#C…>` and `<address|label>` in any text, so they are escaped or spelled out.
 */
export const safeMarkdown = (text: string): string =>
  closedFences(
    text
      .replaceAll(/\r\n?/g, '\n')
      .replaceAll(SLACK_LINK, (_, address: string, label: string) => spelledOut(label, address)),
  )
    .map(({ part, isCode }) => (isCode ? part : spellOutLinks(part).replaceAll(STILL_A_LINK, '] (')))
    .join('')
    .replaceAll(MENTION, '&lt;');

const SLACK_LINK = /<([a-z][a-z0-9+.-]*:[^<>|\s]*)\|([^<>]*)>/gi;
/** A comment or a document type of HTML stays as it is: Slack makes nothing of them. */
const MENTION = /\\?<(?=[@#][A-Z0-9]|!(?!--|doctype\b|\[CDATA\[))/gi;

/** An indented one may end with the list that it is in, and tildes may have begun one around it. */
const FENCE = /^(`{3,})[^`\n]*$/;
const CLOSING = /^ {0,3}(`{3,})$/;
const OTHER_FENCE = /^[ >]*~~~/m;

/** Blocks of code that are closed, and what stands between them; only there code is certain to be shown as code. */
function closedFences(text: string): { part: string; isCode: boolean }[] {
  if (OTHER_FENCE.test(text)) return [{ part: text, isCode: false }];
  const parts: { part: string; isCode: boolean }[] = [];
  let from = 0;
  let open: { at: number; ticks: number } | undefined;
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    const next = end < 0 ? text.length : end + 1;
    const line = text.slice(at, end < 0 ? undefined : end).replace(/[ \t]+$/, '');
    const ticks = (open ? CLOSING : FENCE).exec(line)?.[1]?.length ?? 0;
    if (!open && ticks > 0) open = { at, ticks };
    else if (open && ticks >= open.ticks) {
      parts.push({ part: text.slice(from, open.at), isCode: false }, { part: text.slice(open.at, next), isCode: true });
      from = next;
      open = undefined;
    }
    at = next;
  }
  return [...parts, { part: text.slice(from), isCode: false }];
}

/** CommonMark's own limit of a link's label. */
const MAX_LABEL = 999;

/** `[label](address)` as `label (address)`, and definitions of links, `[label]: address`, as plain text. */
function spellOutLinks(text: string): string {
  let out = '';
  for (let at = 0; at < text.length;) {
    const char = text.charAt(at);
    const close = char === '[' ? closingOf(text, at, '[', ']') : -1;
    if (close < 0) {
      const isEscape = char === '\\';
      out += isEscape ? text.slice(at, at + 2) : char;
      at += isEscape ? 2 : 1;
      continue;
    }
    const label = text.slice(at + 1, close);
    const link = targetAt(text, close + 1);
    if (link) {
      out = `${out.replace(/!$/, '')}${spelledOut(spellOutLinks(label), link.address)}`;
      at = link.end;
    } else if (text.charAt(close + 1) === ':') {
      out += label;
      at = close + 1;
    } else {
      out += '[';
      at++;
    }
  }
  return out;
}

function closingOf(text: string, from: number, opening: string, closing: string): number {
  let depth = 0;
  const end = Math.min(text.length, from + MAX_LABEL + 2);
  for (let at = from; at < end; at++) {
    const char = text.charAt(at);
    if (char === '\\') at++;
    else if (char === opening) depth++;
    else if (char === closing && --depth === 0) return at;
  }
  return -1;
}

/** Markdown reads escapes and entities in an address, so whatever begins with them may be one. */
const ADDRESS = /^(?:[a-z][a-z0-9+.-]*:|\/\/|www\.|[a-z0-9+.-]*[&\\])/i;
/** Brackets that nobody could pair: in code, or of a label or an address of any length. */
const STILL_A_LINK = /\]\((?=\s*<?\s*(?:[a-z][a-z0-9+.-]*:|\/\/|www\.|[a-z0-9+.-]*[&\\]))/gi;

/** The address in the brackets after a label, where it is one. */
function targetAt(text: string, from: number): { address: string; end: number } | undefined {
  const inBrackets = /^\(\s*<([^<>\n]{1,2000})>(?:\s[^()\n]{0,500})?\)/.exec(text.slice(from, from + 2_600));
  if (inBrackets?.[1] && ADDRESS.test(inBrackets[1]))
    return { address: inBrackets[1], end: from + inBrackets[0].length };
  if (text.charAt(from) !== '(') return undefined;
  const until = closingOf(text, from, '(', ')');
  const address =
    until < 0
      ? undefined
      : text
          .slice(from + 1, until)
          .trim()
          .split(/\s/, 1)[0];
  return address && ADDRESS.test(address) ? { address, end: until + 1 } : undefined;
}

function spelledOut(label: string, address: string): string {
  const shown = address.replaceAll(/[\s<>]/g, encodeURIComponent);
  const name = label.trim();
  return name === '' || name === shown ? shown : `${name} (${shown})`;
}
