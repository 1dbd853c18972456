import { createHash } from 'node:crypto';
import { isStorableText } from '../../contracts/storable-text.ts';

/** Of model APIs: `^[A-Za-z0-9_-]{1,64}$`. */
const MAX_NAME = 64;
/** MCP allows 128 characters; a little more is forgiven, a novel is not. */
const MAX_REMOTE_NAME = 256;
const HASH_LENGTH = 8;

/** The names of a server cannot be told apart, or are none. */
export class UnusableNamesError extends Error {
  override readonly name = 'UnusableNamesError';
}

/**
 * `{slug}__{tool}` as models take it. What is too long ends in a hash of the whole name, so that it is the same each
 * time and differs from its neighbours. A slug holds no `__`, so nobody can pose as another connection.
 */
export function toolName(slug: string, remoteName: string): string {
  const name = `${slug}__${remoteName.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`;
  if (name.length <= MAX_NAME) return name;
  const hash = createHash('sha256').update(remoteName).digest('hex').slice(0, HASH_LENGTH);
  return `${name.slice(0, MAX_NAME - HASH_LENGTH - 1)}_${hash}`;
}

/**
 * Our names by the server's.
 * @throws UnusableNamesError when two tools would share one, because nobody could say which of them was meant.
 */
export function nameTools(slug: string, remoteNames: readonly string[]): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const remoteName of remoteNames) {
    if (remoteName === '' || remoteName.length > MAX_REMOTE_NAME || !isStorableText(remoteName))
      throw new UnusableNamesError('The server has a tool without a usable name.');
    const name = toolName(slug, remoteName);
    if (taken.has(name)) throw new UnusableNamesError(`The server has two tools that would both be called ${name}.`);
    taken.set(name, remoteName);
    named.set(remoteName, name);
  }
  return named;
}
