import { z } from 'zod';
import { waitMsIn } from '../../../../adapters/retry-after.ts';
import { defineTool, ProviderError, type Provider } from '../../../../adapters/mcp/servers/define.ts';

/** A small provider of ours over HTTP, to prove the host with: `GET /me`, `GET /notes`, `POST /notes`. */
export interface NotebookClient {
  ask(method: string, path: string, signal: AbortSignal, body?: unknown): Promise<Record<string, unknown>>;
}

const note = z.object({ id: z.string(), text: z.string() });

const FAULTS: Readonly<Record<number, ProviderError['fault']>> = {
  400: 'refused',
  401: 'unauthorized',
  429: 'rate_limited',
};

const writeNote = defineTool<NotebookClient>()({
  name: 'write_note',
  title: 'Write a note',
  description: 'Writes a note and answers its id.',
  input: z.object({ text: z.string() }),
  output: note,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  takesEffectKey: true,
  async run(client, { text }, { signal, effectKey, onProgress }) {
    onProgress?.('Writing', 0.5);
    return note.parse(await client.ask('POST', '/notes', signal, { text, key: effectKey }));
  },
  async before(client, _args, { signal }) {
    return client.ask('GET', '/notes', signal);
  },
  async readBack(client, { args, taken }, { signal }) {
    const { notes } = z.object({ notes: z.array(note) }).parse(await client.ask('GET', '/notes', signal));
    const found = notes.find(({ id, text }) => text === args.text && !taken.has(id));
    return found ? { happened: found } : 'not_happened';
  },
  resource: ({ id }) => ({ id, url: `https://notes.example/${id}` }),
  async undo(client, { output }, { signal }) {
    await client.ask('DELETE', `/notes/${output.id}`, signal);
    return `Note ${output.id} is gone.`;
  },
});

export const notebook: Provider<NotebookClient> = {
  provider: 'notion',
  title: 'Notebook',
  defaultUrl: undefined,
  requestsPerSecond: 100,
  createClient: ({ url, token, fetch }) => ({
    async ask(method, path, signal, body) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal,
      });
      if (response.ok) return (await response.json()) as Record<string, unknown>;
      const after = waitMsIn(response.headers);
      throw new ProviderError(FAULTS[response.status] ?? 'unknown', `The notebook answers ${response.status}.`, {
        ...(after !== undefined && { retryAfterMs: after }),
      });
    },
  }),
  async whoAmI(client, { signal }) {
    return `Signed in as ${String((await client.ask('GET', '/me', signal)).name)}.`;
  },
  tools: [writeNote],
};
