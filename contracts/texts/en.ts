import { console, type ConsoleTexts } from './en/console.ts';
import { messages } from './en/messages.ts';

/** Everything that people read in English, by where they read it. A new text goes into one file per language. */
export const en = { messages, console };

export interface Catalogue {
  readonly messages: typeof messages;
  readonly console: ConsoleTexts;
}
