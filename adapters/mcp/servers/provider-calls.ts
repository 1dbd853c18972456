import { AsyncLocalStorage } from 'node:async_hooks';
import { ProviderError, type ToolContext } from './define.ts';

/** Failures of a connection that was never made: nothing was sent. */
const UNSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  // Of our own guard: the call had been given up before this was sent.
  'NUBABEL_TOO_LATE',
]);

/** What is known of the request that is under way; SDKs hide it behind errors of their own. */
interface Asking {
  readonly signal: AbortSignal;
  sent: boolean;
  /** What `fetch` threw. */
  failure?: unknown;
}
const asking = new AsyncLocalStorage<Asking>();

/** A `fetch` that ends with the call it belongs to, for SDKs that take no signal of a call. */
export const cancellable =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (input, init) => {
    const now = asking.getStore();
    const given = [init?.signal, now?.signal].filter((signal) => signal !== undefined && signal !== null);
    if (now) now.sent = true;
    try {
      return await fetch(input, { ...init, ...(given.length > 0 ? { signal: AbortSignal.any(given) } : {}) });
    } catch (error) {
      if (now) now.failure = error;
      throw error;
    }
  };

/** The two ways to ask a provider; they differ in what a missing answer means. */
interface ProviderCalls {
  /** @throws ProviderError */
  read<T>(context: ToolContext, work: () => Promise<T>): Promise<T>;
  /** One request that changes something. No answer to it is `unknown`. @throws ProviderError */
  write<T>(context: ToolContext, work: () => Promise<T>): Promise<T>;
}

/**
 * @param title of the provider, for its failures.
 * @param translate the provider's answer as an error; undefined when there was no answer.
 */
export function providerCalls(title: string, translate: (error: unknown) => ProviderError | undefined): ProviderCalls {
  const ask =
    (changes: boolean) =>
    async <T>({ signal }: ToolContext, work: () => Promise<T>): Promise<T> => {
      if (signal.aborted) throw new ProviderError('unavailable', `Stopped before ${title} was asked.`);
      const now: Asking = { signal, sent: false };
      try {
        return await asking.run(now, work);
      } catch (error) {
        const chain = [...chainOf(error), ...chainOf(now.failure)];
        const known = chain.find((one) => one instanceof ProviderError) ?? refusalOf(title, chain) ?? translate(error);
        const unsent = !now.sent || chain.some((one) => UNSENT.has(codeOf(one)));
        throw failureOf(title, { changes, unsent, known, cause: error });
      }
    };
  return { read: ask(false), write: ask(true) };
}

/** The guard in front of us refused before anything was sent, in words that are for people. */
function refusalOf(title: string, chain: readonly unknown[]): ProviderError | undefined {
  const refusal = chain.find((one) => one instanceof Error && one.name === 'EgressRefusedError');
  return refusal instanceof Error
    ? new ProviderError('refused', `${title}: ${refusal.message}`, { cause: refusal })
    : undefined;
}

interface Failed {
  readonly changes: boolean;
  readonly unsent: boolean;
  readonly known: ProviderError | undefined;
  readonly cause: unknown;
}

function failureOf(title: string, { changes, unsent, known, cause }: Failed): ProviderError {
  if (known && !(changes && known.fault === 'unavailable')) return known;
  if (!known && unsent)
    return new ProviderError('unavailable', `${title} could not be reached; nothing was sent.`, { cause });
  if (!changes) return new ProviderError('unavailable', `${title} did not answer. Try again later.`, { cause });
  const why = known ? ` (${known.message})` : '';
  return new ProviderError('unknown', `${title} gave no answer to a change, so it may have been made${why}.`, {
    cause,
  });
}

interface ErrorLike {
  readonly cause?: unknown;
  readonly original?: unknown;
  readonly raw?: unknown;
  readonly code?: unknown;
}
const isErrorLike = (one: unknown): one is ErrorLike => typeof one === 'object' && one !== null && 'message' in one;

/** An error and what caused it; SDKs keep what `fetch` threw as `cause`, `original` or `raw`. */
function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = [error];
  for (let one = error; isErrorLike(one) && chain.length < 8;) {
    one = one.cause ?? one.original ?? one.raw;
    chain.push(one);
  }
  return chain;
}

const codeOf = (error: unknown): string => (isErrorLike(error) && typeof error.code === 'string' ? error.code : '');
