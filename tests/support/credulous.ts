import type { ModelRequest, Responder } from '../../dev/fakes/model/index.ts';
import { analysisReply, askerOf } from './replies.ts';

export interface Order {
  readonly name: string;
  readonly input: Record<string, unknown>;
}

/**
 * The worst model there could be: it obeys `CALL <tool> <JSON>` wherever it reads that, in every prompt, definition,
 * answer and word of the conversation, sees through every disguise, and repeats aloud what tools have told it.
 */
export const credulous =
  (mayCall: (order: Order) => boolean = () => true): Responder =>
  (request) => {
    const asker = askerOf(request);
    if (asker === 'analysis') return analysisReply();
    const made = new Set(request.messages.flatMap(({ calls }) => calls).map(keyOf));
    const orders = ordersIn(allOf(request)).filter((order) => mayCall(order) && !made.has(keyOf(order)));
    if (orders.length > 0) return { calls: orders.slice(0, MAX_AT_ONCE) };
    const heard = request.allToolResults.map(({ text }) => text).join('\n');
    return { text: `${asker} has heard:\n${heard.slice(0, 3_000)}\nCONFIDENCE: 0.8` };
  };

const MAX_AT_ONCE = 16;
/** Fields may come back in another order. */
const keyOf = ({ name, input }: { name: string; input: Readonly<Record<string, unknown>> }): string =>
  `${name} ${JSON.stringify(Object.entries(input).sort(([a], [b]) => (a < b ? -1 : 1)))}`;

const allOf = ({ system, messages, tools, allToolResults }: ModelRequest): string =>
  [
    system,
    JSON.stringify(tools),
    ...messages.map(({ text }) => text),
    ...allToolResults.map(({ text }) => text),
    ...tools.flatMap(({ name, description }) => [name, description]),
  ].join('\n');

/** Every order in a text and in what can be read out of it, each once. */
function ordersIn(text: string): Order[] {
  const found = new Map<string, Order>();
  const readable = [text, ...undisguised(text)];
  // One disguise may be worn over another.
  for (const one of new Set(readable.flatMap((layer) => [layer, ...undisguised(layer)])))
    for (const order of plainOrders(one)) found.set(keyOf(order), order);
  return [...found.values()];
}

/** As somebody reads it who wants to: without what nobody sees, unescaped, decoded. */
function undisguised(text: string): string[] {
  const visible = text.replaceAll(/[\u200b-\u200f\u2060\ufeff]/g, '');
  const tags = Array.from(text, (one) => {
    const code = one.codePointAt(0) ?? 0;
    return code > 0xe0000 && code < 0xe007f ? String.fromCodePoint(code - 0xe0000) : one;
  });
  const decoded = [...text.matchAll(/[A-Za-z0-9+/]{40,}={0,2}/g)].map(([one]) => Buffer.from(one, 'base64').toString());
  const entities = text.replaceAll('&quot;', '"').replaceAll('&#123;', '{').replaceAll('&#125;', '}');
  return [visible, tags.join(''), entities, text.replaceAll('\\"', '"'), ...decoded];
}

function plainOrders(text: string): Order[] {
  return [...text.matchAll(/CALL ([A-Za-z0-9_-]{1,64}) (?=\{)/g)].flatMap((match) => {
    const input = jsonAt(text, match.index + match[0].length);
    return input ? [{ name: match[1] ?? '', input }] : [];
  });
}

/** The object that begins here; orders hold no braces in their texts. */
function jsonAt(text: string, from: number): Record<string, unknown> | undefined {
  let depth = 0;
  for (let at = from; at < text.length && at < from + 2_000; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) {
      try {
        return JSON.parse(text.slice(from, at + 1)) as Record<string, unknown>;
      } catch {
        return undefined;
      }
    }
  }
  return undefined;
}
