/**
 * Text as Postgres can keep it: without NUL characters, and with halves of surrogate pairs replaced by U+FFFD. Both
 * come from models and from attackers, never from people.
 */
export const storableText = (text: string): string => text.replaceAll('\u0000', '').toWellFormed();

export const isStorableText = (text: string): boolean => storableText(text) === text;

export const NOT_TEXT = 'Contains characters that are no text: NUL, or half of a surrogate pair.';
