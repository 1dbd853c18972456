import { isRecord } from '../http-server.ts';
import { textOf } from './content.ts';
import { invalid } from './errors.ts';
import { signatureOf } from './blocks.ts';
import { TOOL_NAME } from './tools.ts';
import type { ToolResultSeen, WantedCall } from './types.ts';

type Block = Readonly<Record<string, unknown>>;

const ID = /^[a-zA-Z0-9_-]+$/;
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  tool_use: ['type', 'id', 'name', 'input', 'cache_control', 'caller', 'toolset_name'],
  tool_result: ['type', 'tool_use_id', 'content', 'is_error', 'cache_control', 'toolset_name'],
  thinking: ['type', 'thinking', 'signature'],
};

const blocksOf = (message: unknown): Block[] =>
  isRecord(message) && Array.isArray(message['content']) ? message['content'].filter(isRecord) : [];

const idsOf = (message: unknown): string[] =>
  blocksOf(message).flatMap((block) => (block['type'] === 'tool_use' ? [String(block['id'])] : []));

/**
 * Holds a conversation to the provider's rules for tools: every `tool_use` is answered at the beginning of the very
 * next message, by exactly one `tool_result` with its id, and thinking comes back as it was said.
 */
export function checkToolBlocks(messages: readonly unknown[], hasTools: boolean): void {
  const seen = new Set<string>();
  for (const [index, message] of messages.entries()) {
    for (const [place, block] of blocksOf(message).entries())
      checkBlock(block, { at: `messages.${index}.content.${place}`, index, role: roleOf(message), hasTools });
    for (const id of idsOf(message)) {
      if (seen.has(id)) throw invalid(`messages.${index}: \`tool_use\` ids must be unique`);
      seen.add(id);
    }
    checkResults(message, index, idsOf(messages[index - 1]));
    checkAnswered(idsOf(message), index, messages[index + 1]);
  }
}

const roleOf = (message: unknown): unknown => (isRecord(message) ? message['role'] : undefined);

interface Place {
  readonly at: string;
  readonly index: number;
  readonly role: unknown;
  readonly hasTools: boolean;
}

function checkBlock(block: Block, { at, index, role, hasTools }: Place): void {
  const type = String(block['type']);
  const fields = FIELDS[type];
  if (!fields) return;
  for (const name of Object.keys(block))
    if (!fields.includes(name)) throw invalid(`${at}.${type}.${name}: Extra inputs are not permitted`);
  const home = type === 'tool_result' ? 'user' : 'assistant';
  if (role !== home) throw invalid(`messages.${index}: \`${type}\` blocks can only be in \`${home}\` messages`);
  if (type === 'thinking') return checkThought(block, at);
  if (!hasTools) throw invalid('Requests which include `tool_use` or `tool_result` blocks must define tools');
  if (type === 'tool_use') checkCall(block, `${at}.tool_use`);
  else checkResult(block, `${at}.tool_result`);
}

function checkThought({ thinking, signature }: Block, at: string): void {
  if (typeof thinking !== 'string') throw invalid(`${at}.thinking.thinking: Field required`);
  if (typeof signature !== 'string') throw invalid(`${at}.thinking.signature: Field required`);
  if (signature !== signatureOf(thinking)) throw invalid(`${at}: Invalid \`signature\` in \`thinking\` block`);
}

function checkCall({ id, name, input }: Block, at: string): void {
  if (typeof id !== 'string') throw invalid(`${at}.id: Field required`);
  if (!ID.test(id)) throw invalid(`${at}.id: String should match pattern '${ID.source}'`);
  if (typeof name !== 'string') throw invalid(`${at}.name: Field required`);
  if (!TOOL_NAME.test(name)) throw invalid(`${at}.name: String should match pattern '${TOOL_NAME.source}'`);
  if (input === undefined) throw invalid(`${at}.input: Field required`);
  if (!isRecord(input)) throw invalid(`${at}.input: Input should be a valid dictionary`);
}

function checkResult({ tool_use_id: id, content, is_error: isError }: Block, at: string): void {
  if (typeof id !== 'string') throw invalid(`${at}.tool_use_id: Field required`);
  if (isError !== undefined && isError !== null && typeof isError !== 'boolean')
    throw invalid(`${at}.is_error: Input should be a valid boolean`);
  if (content === undefined || content === null || typeof content === 'string') return;
  if (!Array.isArray(content)) throw invalid(`${at}.content: Input should be a valid string or list`);
  for (const [place, part] of content.entries()) {
    if (!isRecord(part) || typeof part['type'] !== 'string')
      throw invalid(`${at}.content.${place}.type: Field required`);
    if (part['type'] === 'image') checkImage(part, `${at}.content.${place}.image`);
    if (part['type'] === 'text' && (typeof part['text'] !== 'string' || part['text'] === ''))
      throw invalid('messages: text content blocks must be non-empty');
  }
}

const MAGIC: Readonly<Record<string, RegExp>> = {
  'image/png': /^iVBORw0KGgo/,
  'image/jpeg': /^\/9j\//,
  'image/gif': /^R0lGOD/,
  'image/webp': /^UklGR/,
};
/** The provider takes 5 MB of base64 for a picture. */
const MAX_IMAGE_CHARS = 5 * 1024 * 1024;

function checkImage({ source }: Block, at: string): void {
  if (!isRecord(source) || source['type'] !== 'base64' || typeof source['data'] !== 'string')
    throw invalid(`${at}.source: Field required`);
  const { data, media_type: type } = source;
  const magic = MAGIC[String(type)];
  if (!magic) throw invalid(`${at}.source.base64.media_type: Input should be ${Object.keys(MAGIC).join(', ')}`);
  if (data.length > MAX_IMAGE_CHARS) throw invalid(`${at}.source.base64: image exceeds 5 MB maximum`);
  if (!magic.test(data))
    throw invalid(`${at}: The image was specified using the ${String(type)} media type, but is not`);
  // An image of zeros stands for one that has the right beginning and cannot be decoded.
  if (/A{200}/.test(data)) throw invalid(`${at}: Could not process image`);
}

function checkResults(message: unknown, index: number, asked: readonly string[]): void {
  const given = new Set<string>();
  for (const [place, block] of blocksOf(message).entries()) {
    if (block['type'] !== 'tool_result') continue;
    const id = String(block['tool_use_id']);
    if (!asked.includes(id))
      throw invalid(
        `messages.${index}.content.${place}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      );
    if (given.has(id))
      throw invalid(
        `messages.${index}.content.${place}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`,
      );
    given.add(id);
  }
}

/** Only results at the beginning of the next message count: words before them come too early. */
function checkAnswered(asked: readonly string[], index: number, next: unknown): void {
  if (asked.length === 0 || next === undefined) return;
  const blocks = blocksOf(next);
  const words = blocks.findIndex((block) => block['type'] !== 'tool_result');
  const answered = blocks.slice(0, words < 0 ? blocks.length : words).map((block) => block['tool_use_id']);
  const missing = asked.filter((id) => !answered.includes(id));
  if (missing.length > 0)
    throw invalid(
      `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
    );
}

/** The calls of a checked message. */
export const callsIn = (content: unknown): Required<WantedCall>[] =>
  blocksOf({ content }).flatMap(({ type, id, name, input }) =>
    type === 'tool_use' ? [{ id: String(id), name: String(name), input: isRecord(input) ? input : {} }] : [],
  );

/** The results of some messages of a checked conversation, with the names of the tools they come from. */
export function toolResultsIn(messages: readonly unknown[], whole: readonly unknown[] = messages): ToolResultSeen[] {
  const names = new Map(
    whole
      .flatMap(blocksOf)
      .flatMap((block) =>
        block['type'] === 'tool_use' ? [[String(block['id']), String(block['name'])] as const] : [],
      ),
  );
  return messages.flatMap(blocksOf).flatMap((block) => {
    if (block['type'] !== 'tool_result') return [];
    const toolUseId = String(block['tool_use_id']);
    const text = textOf(block['content']);
    return [{ toolUseId, name: names.get(toolUseId) ?? '', text, isError: block['is_error'] === true }];
  });
}
