import type Anthropic from '@anthropic-ai/sdk';
import type { ModelRequest } from '../../domain/models/model-port.ts';

type Prompt = Pick<Anthropic.MessageCreateParamsStreaming, 'system' | 'messages'>;

/** Kept for five minutes, and for five more with every reading. */
const KEPT = { cache_control: { type: 'ephemeral' as const } };

/**
 * Marks up to where the provider shall keep a prompt for the round after it. What is kept costs a quarter more when it is
 * written and a tenth when it is read; a prompt is tools, system text and messages in this order, with four marks at most,
 * and what is below 1,024 tokens (more with some models) is not kept (docs.claude.com, prompt caching).
 *
 * An agent with tools may come again, so they and its system text are kept. From the second round on its conversation is
 * too: up to where the round before has had it kept, which is read, and up to its end, for the round after. The last round
 * has nobody after it and keeps nothing new. Pure.
 */
export function markKept({ system, messages }: Prompt, { tools, mustAnswer }: ModelRequest): Prompt {
  if (!tools?.length || typeof system !== 'string' || system.trim() === '') return { system, messages };
  const kept = [{ type: 'text' as const, text: system, ...KEPT }];
  const isLoop = messages.some(({ content }) => typeof content !== 'string' && content.some(isResult));
  if (!isLoop) return { system: kept, messages };
  const lastSaid = messages.findLastIndex(({ role }) => role === 'assistant');
  const marked = new Set([lastSaid - 1, ...(mustAnswer ? [] : [messages.length - 1])]);
  return { system: kept, messages: messages.map((message, at) => (marked.has(at) ? markEnd(message) : message)) };
}

const isResult = ({ type }: Anthropic.ContentBlockParam): boolean => type === 'tool_result';

/** A person's or a tool's words; of the model's own some blocks take no mark. */
function markEnd(message: Anthropic.MessageParam): Anthropic.MessageParam {
  const { role, content } = message;
  if (role !== 'user') return message;
  if (typeof content === 'string') return { role, content: [{ type: 'text', text: content, ...KEPT }] };
  return {
    role,
    content: content.map((block, at) => (at === content.length - 1 ? { ...block, ...KEPT } : block)),
  };
}
