/** Words of others between tags that they cannot close, cut to what may be handed on. */
export function inTag(
  tag: string,
  words: string,
  most: number,
  attributes: Readonly<Record<string, string>> = {},
): string {
  const cut = words.length <= most ? words : `${words.slice(0, most).toWellFormed()}\n[…]`;
  const inert = cut.replaceAll(`</${tag}`, `<\\/${tag}`);
  const named = Object.entries(attributes).map(([name, value]) => ` ${name}="${value.replace(/["<>\n]/g, ' ')}"`);
  return `<${tag}${named.join('')}>\n${inert}\n</${tag}>`;
}
