import { describe, expect, it } from '@jest/globals';
import { followEvents, readMessages, reconnectDelay } from '../../web/api/event-stream.ts';
import { ApiProblemError } from '../../web/api/problem.ts';

const message = (id: number) =>
  `id: ${id}\nevent: orchestration_progress\ndata: {"id":${id},"type":"orchestration_progress"}\n\n`;
const body = (...chunks: string[]) =>
  new Response(
    new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
        controller.close();
      },
    }),
  );
const problem = (status: number) => new ApiProblemError({ type: 'about:blank', title: '', status, detail: 'No.' });

/** Follows scripted connections until they are used up. */
async function follow(...connections: (Response | Error)[]) {
  const stop = new AbortController();
  const seen: number[] = [];
  const askedAfter: (string | undefined)[] = [];
  const states: string[] = [];
  await followEvents({
    signal: stop.signal,
    open: async (lastEventId) => {
      askedAfter.push(lastEventId);
      const next = connections.shift();
      if (next instanceof Response) return next;
      throw next ?? new Error('nothing scripted');
    },
    onEvent: ({ id }) => seen.push(id),
    onConnection: (state) => states.push(state),
    wait: async () => {
      if (connections.length === 0) stop.abort();
    },
  });
  return { seen, askedAfter, states };
}

describe('an event stream', () => {
  it('goes on after the last event it saw when the connection drops', async () => {
    const { seen, askedAfter, states } = await follow(
      body(message(3), message(4)),
      new Error('away'),
      body(message(5)),
    );
    expect(seen).toEqual([3, 4, 5]);
    expect(askedAfter).toEqual([undefined, '4', '4']);
    expect(states).toEqual(['live', 'lost', 'lost', 'live', 'lost']);
  });

  it('reads events however the network cuts them, and skips heartbeats and what is not JSON', async () => {
    const [first, second] = [message(1).slice(0, 30), message(1).slice(30)];
    const { seen } = await follow(body(': heartbeat\n\n', first, second, 'data: {oops\n\n', message(2)));
    expect(seen).toEqual([1, 2]);
  });

  it('tries again after a fault of the server and gives up on a refusal', async () => {
    expect((await follow(problem(503), problem(429), body(message(1)))).seen).toEqual([1]);
    await expect(follow(problem(404))).rejects.toThrow('No.');
  });

  it('begins anew when the server has other ids than the last time', async () => {
    const { seen, askedAfter } = await follow(body(message(900)), problem(400), body(message(1)));
    expect(seen).toEqual([900, 1]);
    expect(askedAfter).toEqual([undefined, '900', undefined]);
    await expect(follow(problem(400))).rejects.toThrow('No.');
  });

  it('is over once there is nothing to come back for', async () => {
    const { askedAfter } = await follow(body(message(1)), new Response(null, { status: 204 }), body(message(2)));
    expect(askedAfter).toEqual([undefined, '1']);
  });

  it('ends a stream that fell silent', async () => {
    const silent = new Response(new ReadableStream());
    const read = await readMessages(silent, 5).next();
    expect(read.done).toBe(true);
  });

  it('waits longer after each failure, never beyond a quarter of a minute, and never all at once', () => {
    const longest = [0, 1, 2, 3, 4, 5, 6, 60].map((failures) => reconnectDelay(failures, () => 1));
    expect(longest).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    expect(reconnectDelay(2, () => 0)).toBe(1000);
  });
});
