import { conformingTo } from './from-schema.ts';
import type { Responder } from './types.ts';

/** Says the user's text back; asked for JSON, answers the smallest value that the schema allows. */
export const echo: Responder = ({ schema, userText }) =>
  schema ? { json: conformingTo(schema) } : { text: userText || '(no text)' };
