import type { z } from 'zod';
import { ProviderError } from './define.ts';

/** What `before` had found, as `undo` needs it. @throws ProviderError when nobody looked. */
export function whatWasBefore<Schema extends z.ZodType>(schema: Schema, before: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(before);
  if (parsed.success) return parsed.data;
  throw new ProviderError('refused', 'Nobody knows how it was before, so it cannot be restored.');
}
