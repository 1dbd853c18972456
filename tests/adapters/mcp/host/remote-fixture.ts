import { afterEach, beforeEach } from '@jest/globals';
import { createFakeMcp, type FakeMcp } from '../../../fakes/mcp/index.ts';
import { ToolCallError, type McpConnection } from '../../../../domain/tools/tool-ports.ts';
import { createGuardedFetch, type Egress } from '../../../../adapters/mcp/host/egress.ts';
import { openRemote } from '../../../../adapters/mcp/host/remote.ts';

const never = new AbortController().signal;
export const options = { signal: never, timeoutMs: 5_000 };
/** Of a call that changes something. */
export const change = { ...options, effectKey: 'key-1' };

export interface RemoteStage {
  server: FakeMcp;
  closeLater(close: () => Promise<unknown>): void;
  /** Bodies that have left, in order. */
  readonly sent: string[];
  open(url?: string, trusted?: boolean, egress?: Egress): Promise<McpConnection>;
}

/** A fake server for each test of a file, sessions with it, and what has to be closed after each test. */
export function useRemote(): RemoteStage {
  const closing: (() => Promise<unknown>)[] = [];
  const stage: RemoteStage = {
    server: undefined as unknown as FakeMcp,
    sent: [],
    closeLater: (close: () => Promise<unknown>) => void closing.push(close),
    async open(
      url = stage.server.url,
      trusted = false,
      egress: Egress = { allowPrivate: true },
    ): Promise<McpConnection> {
      const guarded = createGuardedFetch(egress);
      const fetch: typeof guarded = (input, init) => {
        if (typeof init?.body === 'string') stage.sent.push(init.body);
        return guarded(input, init);
      };
      const given = { url, connection: 'Acme', fetch, onToolsChanged: () => undefined, trusted, hasCredentials: false };
      const connection = await openRemote(given, AbortSignal.timeout(8_000));
      closing.push(() => connection.close());
      return connection;
    },
  };
  beforeEach(async () => {
    stage.server = await createFakeMcp({ tools: [{ name: 'act' }] });
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    await stage.server.close();
  });
  return stage;
}

/** What a call fails with. */
export const failing = (work: Promise<unknown>): Promise<ToolCallError> =>
  work.then(
    () => Promise.reject(new Error('It did not fail.')),
    (error: unknown) => (error instanceof ToolCallError ? error : Promise.reject(error as Error)),
  );
