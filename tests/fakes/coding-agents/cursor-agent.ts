#!/usr/bin/env node
import { randomUUID } from 'node:crypto';
import { playAgent } from './fake-agent.ts';

/** Cursor's command line in print mode: https://cursor.com/docs/cli/reference/output-format */
const KINDS: Readonly<Record<string, string>> = { Write: 'writeToolCall', Read: 'readToolCall' };

await playAgent({
  agent: 'cursor-agent',
  model: 'Auto',
  refuse: (args) =>
    args.includes('-p') || args.includes('--print')
      ? undefined
      : 'The --output-format option is only valid with --print',
  say: (words, { session }) => ({
    type: 'assistant',
    message: { role: 'assistant', content: [{ type: 'text', text: words }] },
    session_id: session,
  }),
  tool(name, input, output, { session }) {
    const call = { call_id: `toolu_${randomUUID()}`, session_id: session };
    const kind = KINDS[name] ?? 'function';
    return [
      { type: 'tool_call', subtype: 'started', ...call, tool_call: { [kind]: { args: input } } },
      {
        type: 'tool_call',
        subtype: 'completed',
        ...call,
        tool_call: { [kind]: { args: input, result: { success: { content: output } } } },
      },
    ];
  },
  result: (words, failed, { session }) => ({
    type: 'result',
    subtype: 'success',
    duration_ms: 5_234,
    duration_api_ms: 5_234,
    is_error: failed,
    result: words,
    session_id: session,
    request_id: randomUUID(),
    usage: { inputTokens: 100, outputTokens: 20, cacheReadTokens: 300, cacheWriteTokens: 0 },
  }),
});
