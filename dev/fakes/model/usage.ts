import { createHash } from 'node:crypto';
import type { PromptPart } from './content.ts';
import type { ModelUsage } from './types.ts';

/** The fake's tokenizer: four bytes of UTF-8 are a token. */
export const countTokens = (text: string): number => Math.ceil(Buffer.byteLength(text, 'utf8') / 4);

export const countPrompt = (parts: readonly PromptPart[]): number =>
  countTokens(parts.map(({ text }) => text).join(''));

type InputUsage = Omit<ModelUsage, 'output_tokens'>;

const LIFETIME_MS = { '5m': 5 * 60_000, '1h': 60 * 60_000 } as const;

/** A prompt cache as the provider keeps it: by key, model and exact prefix, refreshed by every read. */
export interface PromptCache {
  measure(scope: string, parts: readonly PromptPart[]): InputUsage;
}

export function createPromptCache(minTokens: number): PromptCache {
  const expiries = new Map<string, number>();
  return {
    measure(scope, parts) {
      const total = countPrompt(parts);
      const breakpoints = findBreakpoints(scope, parts).filter(({ tokens }) => tokens >= minTokens);
      const now = Date.now();
      const hit = breakpoints.findLast(({ hash }) => (expiries.get(hash) ?? 0) > now);
      const read = hit?.tokens ?? 0;
      const written = { '5m': 0, '1h': 0 };
      let covered = read;
      for (const point of breakpoints) {
        if (point.tokens > covered) {
          written[point.ttl] += point.tokens - covered;
          covered = point.tokens;
        }
        expiries.set(point.hash, now + LIFETIME_MS[point.ttl]);
      }
      return {
        input_tokens: total - covered,
        cache_creation_input_tokens: covered - read,
        cache_read_input_tokens: read,
        cache_creation: { ephemeral_5m_input_tokens: written['5m'], ephemeral_1h_input_tokens: written['1h'] },
      };
    },
  };
}

function findBreakpoints(scope: string, parts: readonly PromptPart[]) {
  const hash = createHash('sha256').update(scope);
  let text = '';
  return parts.flatMap((part) => {
    text += part.text;
    hash.update(`\0${part.text}`);
    return part.ttl ? [{ hash: hash.copy().digest('hex'), tokens: countTokens(text), ttl: part.ttl }] : [];
  });
}

/** Cuts a text to what fits into `maxTokens`, at a whole character. */
export function cutToTokens(text: string, maxTokens: number): { text: string; cut: boolean } {
  if (countTokens(text) <= maxTokens) return { text, cut: false };
  const bytes = Buffer.from(text, 'utf8').subarray(0, maxTokens * 4);
  return { text: bytes.toString('utf8').replace(/\uFFFD+$/, ''), cut: true };
}
