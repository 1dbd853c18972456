import { createHash } from 'node:crypto';

const ID_DIGITS = 12;

/** Tells two keys apart without saying anything of them. */
export const fingerprintOf = (key: string): string => createHash('sha256').update(key).digest('hex');

/** The account of a key from the environment: the same in every process that holds the key. */
export const environmentAccountId = (key: string): string => `env-${fingerprintOf(key).slice(0, ID_DIGITS)}`;
