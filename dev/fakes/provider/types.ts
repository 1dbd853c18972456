import type { IncomingHttpHeaders } from 'node:http';
import type { JournalOptions } from '../journal.ts';
import type { Handler } from '../http-server.ts';
import type { ProviderFault } from './faults.ts';

/** A request as a provider's fake sees it. */
export interface ProviderCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** A JSON object; `{}` where there was no body, undefined where it was something else. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** Tells the journal of a change of the provider's state, as `issue.created 7`. */
  changed(what: string): void;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request, written to the journal before its answer leaves. */
export interface ProviderLine {
  readonly at: string;
  readonly operation: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** 0 where the connection was cut, -1 where nothing was said. */
  readonly status: number;
  /** What it changed, in order; empty for reads and refusals. */
  readonly changes: readonly string[];
}

/** How a provider answers; everything around it is the same for all of them. */
export interface ProviderRules {
  /** The name that faults and journal lines go by, for example `POST /v1/pages` or `issueCreate`. */
  operationOf(call: ProviderCall): string;
  /** The provider's own body for a status that a test asks for. */
  failure(status: number, retryAfterSeconds?: number): ProviderAnswer;
  /** Requests that are let through per window before the provider says 429, counted per token. */
  readonly limit: { readonly requests: number; readonly windowMs: number };
  handle(call: ProviderCall): ProviderAnswer;
}

export interface ProviderFakeOptions extends JournalOptions {
  readonly port?: number;
  /** Pages for people beside the API: outside of its limits, faults and journal. Undefined leaves a path to the API. */
  readonly page?: (path: string) => Handler | undefined;
  /** The provider's own, none, or tighter ones than a test could reach otherwise. */
  readonly limits?: 'real' | 'off' | ProviderRules['limit'];
}

/** What a test sees of a provider's fake. */
export interface ProviderFake {
  readonly url: string;
  /** All requests in order, also refused ones. */
  readonly log: readonly ProviderLine[];
  calls(operation?: string | RegExp): ProviderLine[];
  /** Everything that was ever changed, in order: an effect is one of these. */
  changes(prefix?: string): string[];
  failNext(operation: string | RegExp, fault: ProviderFault): void;
  /** Carries out what was held back by `late`. */
  letLateOnesArrive(): void;
  waitForCalls(operation: string | RegExp, count: number, timeoutMs?: number): Promise<ProviderLine[]>;
  close(): Promise<void>;
}
