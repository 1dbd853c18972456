import { Client, LogLevel } from '@notionhq/client';
import type { ClientSettings } from '../define.ts';
import { cancellable } from '../provider-calls.ts';

export type NotionClient = Client;

/** A client that never waits or retries by itself, and writes no lines of its own. */
export function createNotionClient({ token, url, fetch }: ClientSettings): NotionClient {
  const guarded = cancellable(fetch);
  return new Client({
    auth: token,
    ...(url ? { baseUrl: url.replace(/\/+$/, '') } : {}),
    retry: false,
    logLevel: LogLevel.ERROR,
    logger: () => {},
    fetch: (to, { method, headers, body } = {}) =>
      guarded(to, { ...(method ? { method } : {}), ...(headers ? { headers } : {}), ...(body ? { body } : {}) }),
  });
}
