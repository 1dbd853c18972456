import { createParser } from 'eventsource-parser';
import { eventually } from './eventually.ts';

/** One event as a client of the stream sees it. */
export interface SeenEvent {
  readonly id: number | undefined;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

export interface OpenStream {
  readonly seen: SeenEvent[];
  /** Events that carry an id: facts, as opposed to greetings. */
  facts(): SeenEvent[];
  ids(): number[];
  comments(): number;
  /** Resolves when the server has ended the stream or the connection broke. */
  readonly ended: Promise<void>;
  waitFor(what: string, fits: (event: SeenEvent) => boolean, withinMs?: number): Promise<SeenEvent>;
  close(): void;
}

interface Target {
  request(path: string, init?: RequestInit): Promise<Response>;
}

/** Opens an SSE stream and keeps everything that comes. @throws when the answer is not a stream. */
export async function openStream(
  target: Target,
  path: string,
  { lastEventId, token }: { lastEventId?: number | string; token?: string } = {},
): Promise<OpenStream> {
  const leave = new AbortController();
  const response = await target.request(path, {
    signal: leave.signal,
    headers: {
      ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }),
      ...(token && { authorization: `Bearer ${token}` }),
    },
  });
  if (response.status !== 200 || !response.body) throw new Error(`${response.status}: ${await response.text()}`);
  const seen: SeenEvent[] = [];
  let comments = 0;
  const parser = createParser({
    onEvent: ({ id, event, data }) =>
      seen.push({ id: id ? Number(id) : undefined, type: event ?? 'message', data: JSON.parse(data) }),
    onComment: () => (comments += 1),
  });
  const facts = () => seen.filter(({ id }) => id !== undefined);
  return {
    seen,
    facts,
    ids: () => facts().map(({ id }) => id ?? 0),
    comments: () => comments,
    ended: follow(response.body, (text) => parser.feed(text)),
    waitFor: (what, fits, withinMs) => eventually(what, () => seen.find(fits), withinMs),
    close: () => leave.abort(),
  };
}

async function follow(body: NonNullable<Response['body']>, feed: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body) feed(decoder.decode(chunk, { stream: true }));
  } catch {
    // A broken connection is an end too.
  }
}

/** True when every id is the one before it plus one. */
export const isContiguous = (ids: readonly number[]): boolean =>
  ids.every((id, index) => index === 0 || id === (ids[index - 1] ?? 0) + 1);
