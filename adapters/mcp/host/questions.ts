import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { ElicitRequestSchema, type ClientCapabilities, type ElicitResult } from '@modelcontextprotocol/sdk/types.js';

/** What is declared to a server whose questions are answered so. */
export const QUESTIONS: ClientCapabilities = { elicitation: { form: { applyDefaults: true } } };

/**
 * Answers what a server asks during a call with the server's own defaults, when it has one for every field, and declines
 * otherwise: nobody is there to ask. For servers that an admin vouches for; the call itself was allowed before.
 */
export function answerWithDefaults(client: Client): void {
  client.setRequestHandler(ElicitRequestSchema, ({ params }): ElicitResult => {
    const fields = 'requestedSchema' in params ? Object.values(params.requestedSchema.properties) : [];
    // A question without a field is a request for consent, which is not ours to give.
    const isAnswered = fields.length > 0 && fields.every((field) => 'default' in field && field.default !== undefined);
    // The SDK fills the defaults in.
    return isAnswered ? { action: 'accept', content: {} } : { action: 'decline' };
  });
}
