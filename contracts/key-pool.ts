import { z } from 'zod';

/** `cooldown`: left alone while another key can answer. `quarantined`: rejected by the provider, until it is reset. */
export const KeyStatus = z.enum(['active', 'cooldown', 'quarantined']);
export type KeyStatus = z.infer<typeof KeyStatus>;

/** A key as people may see it. Shared accounts come from the environment and have no name. */
export const KeyAccountView = z.object({
  id: z.string(),
  status: KeyStatus,
  /** Failures in a row; an answer ends the row. */
  failures: z.number().int(),
  /** Until then it is left alone; once past, the next answer proves it well. */
  cooldown_until: z.string().optional(),
  shared: z.boolean(),
  name: z.string().optional(),
  last_four: z.string().optional(),
  in_flight: z.number().int(),
  last_used_at: z.string().optional(),
  total_requests: z.number().int(),
  total_retries: z.number().int(),
  total_429_errors: z.number().int(),
});
export type KeyAccountView = z.infer<typeof KeyAccountView>;

/** The answer of `GET /api/admin/key-pool`. Too many requests and overloaded both count as 429. */
export const KeyPoolView = z.object({
  accounts: z.array(KeyAccountView),
  total_requests: z.number().int(),
  total_retries: z.number().int(),
  total_429_errors: z.number().int(),
});
export type KeyPoolView = z.infer<typeof KeyPoolView>;

const MIN_KEY = 8;

/** The body of `POST /api/admin/key-pool/keys`. */
export const NewKey = z.strictObject({
  key: z
    .string()
    .trim()
    .min(MIN_KEY)
    .max(512)
    .regex(/^[\x21-\x7e]+$/, 'has characters that no key has'),
  name: z.string().trim().min(1).max(100).default('API key'),
});
export type NewKey = z.infer<typeof NewKey>;
