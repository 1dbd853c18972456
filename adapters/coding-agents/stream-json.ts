import { z } from 'zod';

/** Characters of a tool's input or result that a log line shows. */
const SHOWN_CHARS = 200;
/** Lines of what an agent says that are shown at once. */
const SHOWN_LINES = 20;

const Count = z.number().nonnegative().optional().catch(undefined);
const Text = z.string().optional().catch(undefined);

const Block = z.looseObject({
  type: z.string(),
  text: Text,
  name: Text,
  input: z.unknown().optional(),
  content: z.unknown().optional(),
  is_error: z.boolean().optional().catch(undefined),
});

/** Claude Code writes snake_case and counts cached input apart; Cursor writes camelCase. */
const Usage = z.looseObject({
  input_tokens: Count,
  cache_creation_input_tokens: Count,
  cache_read_input_tokens: Count,
  output_tokens: Count,
  inputTokens: Count,
  cacheReadTokens: Count,
  cacheWriteTokens: Count,
  outputTokens: Count,
});

/**
 * One line of `--output-format stream-json`, as Claude Code (https://docs.claude.com/en/docs/claude-code/headless) and
 * Cursor (https://cursor.com/docs/cli/reference/output-format) write it. Both are read leniently: newer versions add
 * types and fields.
 */
const Event = z.looseObject({
  type: z.string(),
  subtype: Text,
  session_id: Text,
  model: Text,
  message: z
    .looseObject({ model: Text, content: z.array(Block).catch([]) })
    .optional()
    .catch(undefined),
  tool_call: z.record(z.string(), z.unknown()).optional().catch(undefined),
  is_error: z.boolean().optional().catch(undefined),
  result: Text,
  errors: z.array(z.string()).optional().catch(undefined),
  total_cost_usd: Count,
  usage: Usage.optional().catch(undefined),
});
type Event = z.infer<typeof Event>;

/** The last word of a run. */
export interface AgentResult {
  readonly failed: boolean;
  readonly text: string;
  readonly costCents: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

/** What one line says. */
interface AgentEvent {
  readonly sessionId: string | undefined;
  readonly model: string | undefined;
  readonly result: AgentResult | undefined;
  /** For people who follow the work. */
  readonly log: readonly string[];
}

/** Reads one line; undefined when it is no event, such as a warning between the events. */
export function readAgentEvent(line: string): AgentEvent | undefined {
  const event = parse(line);
  if (!event) return undefined;
  return {
    sessionId: event.session_id,
    model: event.model,
    result: event.type === 'result' ? toResult(event) : undefined,
    log: logOf(event),
  };
}

function parse(line: string): Event | undefined {
  try {
    return Event.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function toResult({ subtype, is_error, result, errors, total_cost_usd, usage }: Event): AgentResult {
  const failed = is_error === true || (subtype !== undefined && subtype !== 'success');
  const why = errors?.join('\n') || `It ended with ${subtype ?? 'an error'}.`;
  return {
    failed,
    text: result || (failed ? why : ''),
    costCents: total_cost_usd === undefined ? null : total_cost_usd * 100,
    inputTokens: sum(
      usage?.input_tokens ?? usage?.inputTokens,
      usage?.cache_creation_input_tokens ?? usage?.cacheWriteTokens,
      usage?.cache_read_input_tokens ?? usage?.cacheReadTokens,
    ),
    outputTokens: usage?.output_tokens ?? usage?.outputTokens ?? null,
  };
}

function sum(...counts: (number | undefined)[]): number | null {
  const known = counts.filter((count) => count !== undefined);
  return known.length === 0 ? null : known.reduce((total, count) => total + count, 0);
}

function logOf(event: Event): string[] {
  const blocks = event.message?.content ?? [];
  switch (event.type) {
    case 'system':
      return event.subtype === 'init' ? [`Session ${event.session_id ?? ''} began, model ${event.model ?? '?'}`] : [];
    case 'assistant':
      return blocks.flatMap((block) => {
        if (block.type === 'tool_use') return [`▸ ${block.name ?? 'tool'} ${brief(block.input)}`];
        return block.type === 'text' ? (block.text ?? '').split('\n').slice(0, SHOWN_LINES) : [];
      });
    case 'user':
      return blocks.flatMap((block) => {
        if (block.type !== 'tool_result') return [];
        return [`${block.is_error === true ? '✗' : '✓'} ${brief(block.content)}`];
      });
    case 'tool_call':
      return Object.entries(event.tool_call ?? {}).flatMap(([name, call]) => cursorCall(event.subtype, name, call));
    default:
      return [];
  }
}

/** Cursor nests a call under its kind: `{ readToolCall: { args, result } }`. */
function cursorCall(subtype: string | undefined, kind: string, call: unknown): string[] {
  if (!kind.endsWith('ToolCall') || typeof call !== 'object' || call === null) return [];
  const name = kind.replace(/ToolCall$/, '');
  if (subtype === 'started') return [`▸ ${name} ${brief('args' in call ? call.args : undefined)}`];
  const result = 'result' in call ? call.result : undefined;
  const fine = typeof result === 'object' && result !== null && 'success' in result;
  return [`${fine ? '✓' : '✗'} ${name} ${brief(fine ? result.success : result)}`];
}

function brief(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
}
