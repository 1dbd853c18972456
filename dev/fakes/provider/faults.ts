/** What goes wrong with the next calls of an operation. */
export interface ProviderFault {
  /** `before`: nothing is carried out. `after`: it is carried out, and only the answer goes wrong. `before` unless told. */
  readonly when?: 'before' | 'after';
  /** Answer with this status and the provider's own body for it. */
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** Instead of the provider's own body for the status. */
  readonly body?: unknown;
  /** Cut the connection instead of an answer. */
  readonly cut?: boolean;
  /** Cut the connection, and carry the request out only when the test says so: it was slow on its way. */
  readonly late?: boolean;
  /** Carry it out, and leave the caller without an answer for as long as it cares to wait. */
  readonly silent?: boolean;
  readonly delayMs?: number;
  /** 1 unless told. */
  readonly times?: number;
}

interface ProviderFaults {
  add(operation: string | RegExp, fault: ProviderFault): void;
  consume(operation: string): ProviderFault | undefined;
}

export function createProviderFaults(): ProviderFaults {
  const waiting: { readonly operation: string | RegExp; readonly fault: ProviderFault }[] = [];
  return {
    add(operation, fault) {
      for (let time = 0; time < (fault.times ?? 1); time++) waiting.push({ operation, fault });
    },
    consume(operation) {
      const at = waiting.findIndex((one) =>
        typeof one.operation === 'string' ? one.operation === operation : one.operation.test(operation),
      );
      return at < 0 ? undefined : waiting.splice(at, 1)[0]?.fault;
    },
  };
}
