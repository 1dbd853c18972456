import { createHash } from 'node:crypto';

const digestOf = (effectKey: string): Buffer => createHash('sha256').update(`nubabel-effect:${effectKey}`).digest();

/** How an effect is found again at its provider: 32 hex digits that tell nothing about us. */
export const effectMark = (effectKey: string): string => digestOf(effectKey).toString('hex').slice(0, 32);

/**
 * An effect's key as a UUID for providers that let the caller choose an id. It has the shape of version 4, because they
 * check for that; RFC 9562 leaves how its bits come about to the maker.
 */
export function effectUuid(effectKey: string): string {
  const bytes = digestOf(effectKey).subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
