import { stripVTControlCharacters } from 'node:util';
import { en } from '../contracts/texts/en.ts';

/** Text of others without anything a terminal would obey. */
export const plain = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what this removes
  stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '');

/** The same on one line. */
export const oneLine = (text: string): string => plain(text).replaceAll(/\s+/g, ' ').trim();

/** An agent as people call it. */
export const nameOf = (agent: string): string => {
  const names: Record<string, string> = en.console.agents;
  return names[agent] ?? plain(agent);
};
