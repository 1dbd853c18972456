import { openDatabase } from '../../../../db/database.ts';
import { createSealer } from '../../../../db/sealing.ts';
import { createGuardedFetch } from '../../../../adapters/mcp/host/egress.ts';
import { createCredentials } from '../../../../adapters/mcp/host/oauth/create-credentials.ts';
import { createGrantStore } from '../../../../domain/connections/grant-store.ts';
import { type ConnectionRef, ToolCallError } from '../../../../domain/tools/tool-ports.ts';

/** A process that calls a connection so many times at once, and says what came of each. */
export interface CallerInput {
  readonly databaseUrl: string;
  readonly key: { readonly id: string; readonly base64: string };
  readonly on: ConnectionRef;
  readonly url: string;
  readonly calls: number;
}

const input = JSON.parse(process.argv[2] ?? '') as CallerInput;
const { db, close } = openDatabase(input.databaseUrl, 5);
const sealer = createSealer([{ id: input.key.id, key: Buffer.from(input.key.base64, 'base64') }]);
const fetch = createGuardedFetch({ allowPrivate: true });
const credentials = createCredentials({ store: createGrantStore(db, sealer), fetch });
const call = credentials.fetchFor(input.on, { url: input.url }, fetch);

process.once('message', () => {
  void (async () => {
    const answers = await Promise.all(
      Array.from({ length: input.calls }, () =>
        call(input.url, { method: 'POST', body: '{"id":1}' }).then(
          ({ status }) => String(status),
          (error: unknown) => (error instanceof ToolCallError ? error.kind : String(error)),
        ),
      ),
    );
    process.send?.(answers);
    await close();
    process.disconnect();
  })();
});
process.send?.('ready');
