import type { Connection, HttpRequest, StreamPromise } from 'jsforce';
import { PassThrough } from 'node:stream';
import { z } from 'zod';
import { type ClientSettings, ProviderError } from '../define.ts';
import { type RestAnswer, type RestRequest, sendRest, statusFault } from '../rest.ts';

/** Spring '25; supported for at least three years. */
const API_VERSION = '63.0';

/** Salesforce through jsforce. */
export interface SalesforceClient {
  /** A connection whose requests end with the signal; jsforce itself knows no signals. */
  on(signal: AbortSignal): Connection;
  /** Where people see a record. */
  recordUrl(id: string): string;
}

type Send = (request: HttpRequest) => Promise<unknown>;

/**
 * jsforce sends everything through its public `request`, which is its place to plug in another transport: ours goes
 * through the guarded fetch, tries once, and never leaves the instance. It is loaded with the first client: with what it
 * brings along it takes as long as a tenth of a process's start, and most processes never need it.
 */
async function loadConnection() {
  const { default: jsforce } = await import('jsforce');
  return class FetchConnection extends jsforce.Connection {
    readonly #send: Send;
    constructor(settings: { instanceUrl: string; accessToken: string; version: string }, send: Send) {
      super(settings);
      this.#send = send;
    }

    override request<R>(
      request: string | HttpRequest,
      options: { noContentResponse?: unknown } = {},
    ): StreamPromise<R> {
      const asked: HttpRequest = typeof request === 'string' ? { method: 'GET', url: request } : request;
      const answer = this.#send({ ...asked, url: this._normalizeUrl(asked.url) });
      const body = answer.then((given) => (given === undefined ? options.noContentResponse : given) as R);
      return Object.assign(body, { stream: () => new PassThrough() });
    }
  };
}

const METHODS = new Set<string>(['GET', 'PATCH'] satisfies RestRequest['method'][]);
const isUsed = (method: string): method is RestRequest['method'] => METHODS.has(method);

export async function createSalesforceClient(given: ClientSettings): Promise<SalesforceClient> {
  const { url, token, settings, fetch } = given;
  if (!url)
    throw new ProviderError(
      'refused',
      'Salesforce needs the address of your instance, such as https://acme.my.salesforce.com.',
    );
  const { origin } = new URL(url);
  const FetchConnection = await loadConnection();
  const send =
    (signal: AbortSignal): Send =>
    async ({ method, url: address, headers, body }) => {
      // A next page's address comes from the other side: the token goes nowhere else.
      if (new URL(address).origin !== origin) throw new ProviderError('refused', 'Salesforce named another address.');
      if (!isUsed(method)) throw new ProviderError('refused', `${method} is not used with Salesforce.`);
      const changes = method !== 'GET';
      const answer = await sendRest(fetch, {
        provider: 'Salesforce',
        method,
        url: address,
        headers: { ...headers, authorization: `Bearer ${token}`, accept: 'application/json' },
        ...(typeof body === 'string' && { body }),
        changes,
        signal,
      });
      if (answer.status < 200 || answer.status >= 300) throw toSalesforceFailure(answer, changes);
      return answer.body;
    };
  return {
    on: (signal) =>
      new FetchConnection(
        { instanceUrl: origin, accessToken: token, version: settings['apiVersion'] ?? API_VERSION },
        send(signal),
      ),
    recordUrl: (id) => `${origin}/${id}`,
  };
}

const One = z.object({ message: z.string(), errorCode: z.string().optional(), fields: z.array(z.string()).optional() });

/** Salesforce answers a list of faults; its identity service one object. */
const Faults = z.union([z.array(One), One.transform((one) => [one])]);

/** Allowances of the whole org over 24 hours: waiting a minute does not help. */
const DAY_LIMIT_WAIT_MS = 3_600_000;
const BUSY_WAIT_MS = 60_000;

/** The one translator of Salesforce's refusals. */
function toSalesforceFailure({ status, headers, body }: RestAnswer, changes: boolean): ProviderError {
  const faults = Faults.safeParse(body).data ?? [];
  const codes = faults.map(({ errorCode }) => errorCode);
  const detail = faults
    .map(({ errorCode, message, fields }) => {
      const where = fields && fields.length > 0 ? ` (${fields.join(', ')})` : '';
      return `${errorCode ? `${errorCode}: ` : ''}${message}${where}`;
    })
    .join(' ');
  if (codes.includes('REQUEST_LIMIT_EXCEEDED')) {
    const busy = /concurrent/i.test(detail);
    const words = busy ? 'Too many requests at once.' : 'The org has used up its API requests of 24 hours.';
    return new ProviderError('rate_limited', `Salesforce: ${words}`, {
      retryAfterMs: busy ? BUSY_WAIT_MS : DAY_LIMIT_WAIT_MS,
    });
  }
  if (codes.includes('INVALID_SESSION_ID') || codes.includes('INVALID_AUTH_HEADER'))
    return statusFault(401, headers, { provider: 'Salesforce', changes, detail });
  // Another transaction holds the row: this one was rolled back whole.
  if (codes.includes('UNABLE_TO_LOCK_ROW'))
    return new ProviderError(
      'rate_limited',
      `Salesforce: the record is locked by somebody else. Nothing was changed.`,
      {
        retryAfterMs: 5_000,
      },
    );
  return statusFault(status, headers, { provider: 'Salesforce', changes, detail });
}
