import type { Catalogue } from './en.ts';
import { console } from './ko/console.ts';
import { messages } from './ko/messages.ts';

/** As `en.ts`, in Korean. */
export const ko: Catalogue = { messages, console };
