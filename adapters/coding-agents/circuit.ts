/** What a breaker says to one more call. */
type Admission = 'closed' | 'probe' | { readonly waitMs: number };

/** Leaves a place alone that keeps failing, and lets one call look whether it is back. */
export interface Circuit {
  /** Ask before a call; whoever is admitted has to report with `succeed`, `fail` or `abandon`. */
  admit(): Admission;
  succeed(): void;
  fail(): void;
  /** It ended without saying anything about the place, such as by a cancel. */
  abandon(): void;
}

interface CircuitOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  readonly openMs: number;
  /** Monotonic, ms. */
  readonly now: () => number;
}

export function createCircuit({ failures, openMs, now }: CircuitOptions): Circuit {
  let failed = 0;
  let openUntil = 0;
  let probing = false;
  return {
    admit() {
      if (failed < failures) return 'closed';
      const waitMs = openUntil - now();
      if (waitMs > 0) return { waitMs };
      if (probing) return { waitMs: openMs };
      probing = true;
      return 'probe';
    },
    succeed() {
      failed = 0;
      probing = false;
    },
    fail() {
      failed += 1;
      probing = false;
      if (failed >= failures) openUntil = now() + openMs;
    },
    abandon() {
      probing = false;
    },
  };
}
