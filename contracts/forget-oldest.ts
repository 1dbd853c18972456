/** A map or a set, which keep their keys in the order in which these came. */
interface Remembered<Key> {
  readonly size: number;
  keys(): Iterable<Key>;
  delete(key: Key): boolean;
}

/** Leaves of what is remembered no more than `max`: what came first goes first. */
export function forgetOldest<Key>(remembered: Remembered<Key>, max: number): void {
  for (const oldest of remembered.keys()) {
    if (remembered.size <= max) return;
    remembered.delete(oldest);
  }
}
