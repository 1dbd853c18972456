import { createHash } from 'node:crypto';

/** What proves that a thought is the model's own: a thought that was changed on the way does not fit it any more. */
export const signatureOf = (thinking: string): string =>
  createHash('sha256').update(`the fake has thought: ${thinking}`).digest('base64');
