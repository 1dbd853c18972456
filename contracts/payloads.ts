import { z } from 'zod';

const Base64 = z.base64();

/** Payloads as Temporal's UI and command line send them to a codec endpoint: proto3 JSON, so bytes are base64. */
export const EncodedPayloads = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), Base64).default({}), data: Base64.default('') }))
    .max(2_000),
});
export type EncodedPayloads = z.infer<typeof EncodedPayloads>;

/**
 * `no_key`: the payload is whole and its key is not here, which an operator can mend. `foreign`: it belongs to another
 * organization. `damaged`: no key will ever open it.
 */
export type PayloadProblem = 'no_key' | 'foreign' | 'damaged';

/** Says that a payload cannot be decrypted, and nothing of what is in it. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError';
  readonly problem: PayloadProblem;
  constructor(problem: PayloadProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}
