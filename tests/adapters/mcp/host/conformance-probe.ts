import { createGuardedFetch } from '../../../../adapters/mcp/host/egress.ts';
import { openRemote } from '../../../../adapters/mcp/host/remote.ts';

/** What the conformance suite starts as "the client": our remote session, used once as its scenarios want it. */
const url = process.argv.at(-1) ?? '';
const signal = AbortSignal.timeout(25_000);
const connection = await openRemote(
  {
    url,
    connection: 'Conformance',
    fetch: createGuardedFetch({ allowPrivate: true }),
    onToolsChanged: () => undefined,
  },
  signal,
);
for (const { name } of (await connection.list(signal)).tools)
  await connection.call(name, { a: 5, b: 3 }, { signal, timeoutMs: 20_000 });
await connection.close();
