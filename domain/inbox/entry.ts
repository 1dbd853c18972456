/**
 * By which entry a person's act comes in, and so how it reaches the work. `direct`: told to the workflow now, and whoever
 * asks waits until it counts. `recorded`: written down first, under the names it may come again by, and told when
 * Temporal can be; nothing is lost while it is away, and nobody waits.
 */
export type Entry =
  | { readonly kind: 'direct'; readonly via: 'rest' }
  | { readonly kind: 'recorded'; readonly via: 'rest' | 'slack'; readonly keys: readonly string[] };

/** REST, the console and the terminal. */
export const DIRECT: Entry = { kind: 'direct', via: 'rest' };
