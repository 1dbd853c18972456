#!/usr/bin/env node
import { randomUUID } from 'node:crypto';
import { playAgent } from './fake-agent.ts';

/** Claude Code 2.x in print mode: https://docs.claude.com/en/docs/claude-code/headless */
const usage = {
  input_tokens: 12,
  cache_creation_input_tokens: 1_000,
  cache_read_input_tokens: 8_000,
  output_tokens: 321,
};
const model = 'claude-sonnet-5-5';
const message = (content: object[], more: object = {}) => ({
  id: `msg_${randomUUID()}`,
  type: 'message',
  role: 'assistant',
  model,
  content,
  stop_reason: null,
  usage,
  ...more,
});

await playAgent({
  agent: 'claude',
  model,
  refuse(args) {
    if (!args.includes('-p') && !args.includes('--print'))
      return 'Input must be provided either through stdin or as a prompt';
    if (args[args.indexOf('--output-format') + 1] === 'stream-json' && !args.includes('--verbose'))
      return 'Error: When using --print, --output-format=stream-json requires --verbose';
    return undefined;
  },
  say: (words, { session }) => ({
    type: 'assistant',
    message: message([{ type: 'text', text: words }]),
    parent_tool_use_id: null,
    session_id: session,
    uuid: randomUUID(),
  }),
  tool(name, input, output, { session }) {
    const id = `toolu_${randomUUID()}`;
    const result = { tool_use_id: id, type: 'tool_result', content: output };
    return [
      { type: 'assistant', message: message([{ type: 'tool_use', id, name, input }]), session_id: session },
      { type: 'user', message: { role: 'user', content: [result] }, parent_tool_use_id: null, session_id: session },
    ];
  },
  result: (words, failed, { session }) => ({
    type: 'result',
    subtype: failed ? 'error_during_execution' : 'success',
    is_error: failed,
    duration_ms: 4_321,
    duration_api_ms: 4_000,
    num_turns: 3,
    ...(failed ? { errors: ['The tests do not pass.'] } : { result: words }),
    session_id: session,
    total_cost_usd: 0.0421,
    usage,
    modelUsage: { [model]: { inputTokens: 12, outputTokens: 321, costUSD: 0.0421 } },
    permission_denials: [],
    uuid: randomUUID(),
  }),
});
