import { listen, parseObject, readBody, sendJson, type ListeningServer } from '../../../../dev/fakes/http-server.ts';

export interface NotebookServer extends ListeningServer {
  readonly notes: { readonly id: string; readonly text: string; readonly key: unknown }[];
  /** Methods and paths in order, with the credentials that came along. */
  readonly heard: string[];
  /** Tokens that are good. */
  readonly tokens: Set<string>;
  /** What happens to the next write: before or after it was done. */
  setFault(
    fault: { readonly when: 'before' | 'after'; readonly status?: number; readonly retryAfter?: string } | undefined,
  ): void;
}

/** The API that the notebook of these tests talks to: it keeps notes, and can lose its answers. */
export async function openNotebookServer(): Promise<NotebookServer> {
  const notes: NotebookServer['notes'] = [];
  const heard: string[] = [];
  const tokens = new Set(['good', 'renewed']);
  let fault: Parameters<NotebookServer['setFault']>[0];
  const server = await listen(async (req, res) => {
    const token = req.headers.authorization?.replace('Bearer ', '') ?? '';
    heard.push(`${req.method} ${req.url} ${token}`);
    const body = parseObject((await readBody(req)) ?? '') ?? {};
    const fail = () =>
      fault?.status === undefined
        ? void res.destroy()
        : sendJson(res, fault.status, {}, fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter });
    if (!tokens.has(token)) return sendJson(res, 401, {});
    if (req.url === '/me') return sendJson(res, 200, { name: 'Ada' });
    if (req.method === 'GET') return sendJson(res, 200, { notes });
    if (fault?.when === 'before') return fail();
    const id = `n${notes.length + 1}`;
    if (req.method === 'DELETE') notes.splice(0, 1);
    else notes.push({ id, text: String(body.text), key: body.key });
    return fault ? fail() : sendJson(res, 200, { id, text: body.text });
  });
  return { ...server, notes, heard, tokens, setFault: (next) => void (fault = next) };
}
