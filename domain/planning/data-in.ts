import { storableText } from '../../contracts/storable-text.ts';

const FENCE = '```';

/**
 * The JSON object that an answer carries: of its last `json` fence, or the whole text when it is one. Null when there is
 * none. Names that could reach a prototype are left out.
 */
export function dataIn(text: string): Record<string, unknown> | null {
  return objectOf(lastFence(text) ?? text);
}

function lastFence(text: string): string | undefined {
  const start = text.lastIndexOf(`${FENCE}json`);
  if (start < 0) return undefined;
  const body = text.slice(start + FENCE.length + 'json'.length);
  const end = body.indexOf(FENCE);
  return end < 0 ? undefined : body.slice(0, end);
}

function objectOf(text: string): Record<string, unknown> | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(text, clean);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

const clean = (name: string, value: unknown): unknown => {
  if (name === '__proto__' || name === 'constructor' || name === 'prototype') return undefined;
  return typeof value === 'string' ? storableText(value) : value;
};
