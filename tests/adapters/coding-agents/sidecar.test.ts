import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeSidecar, type FakeSidecar } from '../../fakes/sidecar/fake-sidecar.ts';
import { listen } from '../../../dev/fakes/http-server.ts';
import type { DelegationDeps } from '../../../adapters/coding-agents/index.ts';
import { openAgents, type AgentsOnAMachine } from './fixture.ts';

let sidecar: FakeSidecar;
let agents: AgentsOnAMachine;
let now: number;
const open = (more: Partial<DelegationDeps> = {}) =>
  openAgents({
    sidecarUrl: `${sidecar.url}/`,
    now: () => now,
    ...more,
  });

beforeEach(async () => {
  now = 0;
  sidecar = await createFakeSidecar();
  agents = open();
});
afterEach(async () => {
  await agents.close();
  await sidecar.close();
});

const statuses = () => sidecar.log.map(({ outcome }) => outcome);
const ask = (more: Record<string, unknown> = {}, options: Parameters<AgentsOnAMachine['call']>[3] = {}) =>
  agents.call('opencode', 'Fix the login', more, options);
const thrown = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: unknown) => error,
  );

describe('a task for OpenCode', () => {
  it('is sent as the bridge wants it and answered with what it cost', async () => {
    const more = { category: 'ultrabrain', skills: ['git-master'], sessionId: 'ses_1738000000_abc123' };
    expect(await ask(more, { userId: 'ada' })).toEqual({
      isError: false,
      text: 'Done: Fix the login',
      data: {
        status: 'success',
        output: 'Done: Fix the login',
        sessionId: 'ses_1738000000_abc123',
        model: 'claude-sonnet-5-5',
        durationMs: 3456,
        costCents: 0.89,
        inputTokens: 1234,
        outputTokens: 567,
      },
    });
    expect(sidecar.log[0]?.task).toEqual({
      session_id: 'ses_1738000000_abc123',
      prompt: 'Fix the login',
      category: 'ultrabrain',
      load_skills: ['git-master'],
      organizationId: 'acme',
      userId: 'ada',
    });
  });

  it('gets a session of its own that can be gone on with', async () => {
    const sessions = [(await ask()).data?.['sessionId'], (await ask()).data?.['sessionId']];
    expect(new Set(sessions).size).toBe(2);
    expect(sidecar.log.map(({ task }) => task?.session_id)).toEqual(sessions);
  });

  it('that failed is told as failed', async () => {
    sidecar.setReply(() => ({ output: 'The tests fail.', status: 'failed', metadata: { error: 'EXECUTION_ERROR' } }));
    const { isError, text, data } = await ask();
    expect({ isError, text, status: data?.['status'] }).toEqual({
      isError: true,
      text: 'The tests fail.\n(EXECUTION_ERROR)',
      status: 'failed',
    });
  });

  it.each(['sse', 'ndjson'] as const)('shows its log lines while it works, as %s', async (as) => {
    agents = open({ env: { MY_TOKEN: 'tok-123456789' } });
    sidecar.setReply(() => ({ output: 'Done.', stream: { as, lines: ['reading', 'with tok-123456789', 'writing'] } }));
    expect(await ask()).toMatchObject({ isError: false, text: 'Done.' });
    expect(agents.batches.flat()).toEqual(['reading', 'with [MY_TOKEN]', 'writing']);
  });

  it('with arguments that do not fit is never sent', async () => {
    for (const more of [{ skills: ['a', 'b', 'c', 'd', 'e'] }, { sessionId: 'no spaces' }, { prompt: '' }])
      expect(await ask(more)).toMatchObject({ isError: true, text: expect.stringMatching(/arguments do not fit/) });
    expect(sidecar.log).toEqual([]);
  });
});

describe('a sidecar in trouble', () => {
  it.each([
    [429, 'rate_limited'],
    [503, 'unavailable'],
    [502, 'unknown'],
    [504, 'unknown'],
  ])('that answers %i is asked once, and it is %s: whoever called tries again', async (status, kind) => {
    sidecar.failNext({ status, retryAfter: '2' }, 1);
    const error = await thrown(ask());
    expect(error).toMatchObject({ name: 'ToolCallError', kind, ...(kind !== 'unknown' && { retryAfterMs: 2_000 }) });
    expect(statuses()).toEqual([status]);
  });

  it('may name a date to come back at, as HTTP allows', async () => {
    sidecar.failNext({ status: 503, retryAfter: new Date(Date.now() + 10_000).toUTCString() });
    const { retryAfterMs } = (await thrown(ask())) as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(5_000);
    expect(retryAfterMs).toBeLessThanOrEqual(10_000);
  });

  it('that says no is not asked again, and its words are told', async () => {
    expect(await ask({ category: 'nonsense' })).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^Invalid request: category must be one of .*VALIDATION_ERROR\)$/s),
    });
    sidecar.failNext({ status: 500 });
    expect(await ask()).toMatchObject({ isError: true });
    expect(statuses()).toEqual([400, 500]);
  });

  it('that is not there was sent nothing', async () => {
    await sidecar.close();
    expect(await thrown(ask())).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/Nothing was sent/),
    });
  });

  it('that loses the connection may have done the task, so it is not sent again', async () => {
    sidecar.failNext('drop');
    expect(await thrown(ask())).toMatchObject({
      kind: 'unknown',
      message: expect.stringMatching(/may have been done/),
    });
    expect(statuses()).toEqual(['drop', 'left']);
  });

  it('that does not answer in time may have done the task, and is let go', async () => {
    agents = open({ sidecarTimeoutMs: 300 });
    sidecar.failNext('hang');
    expect(await thrown(ask())).toMatchObject({
      kind: 'unknown',
      message: expect.stringMatching(/did not answer within/),
    });
    await sidecar.until('the connection to be closed', (log) => log.at(-1)?.outcome === 'left');
  });

  it('is told of a cancel by the end of the connection', async () => {
    sidecar.failNext('hang');
    const cancel = new AbortController();
    const call = thrown(ask({}, { signal: cancel.signal }));
    await sidecar.until('the task', (log) => log.length === 1);
    cancel.abort();
    expect(await call).toMatchObject({ kind: 'cancelled' });
    await sidecar.until('the connection to be closed', (log) => log.at(-1)?.outcome === 'left');
  });

  it('that answers without end is cut off', async () => {
    sidecar.failNext('flood');
    expect(await thrown(ask())).toMatchObject({
      kind: 'unknown',
      message: expect.stringMatching(/more than \d+ bytes/),
    });
    await sidecar.until('the connection to be closed', (log) => log.at(-1)?.outcome === 'left');
  });

  it('that is something else is told as such', async () => {
    const other = await listen(async (_req, res) => void res.end('<html>Hello</html>'));
    agents = open({ sidecarUrl: other.url });
    expect(await ask()).toMatchObject({ isError: true, text: expect.stringMatching(/is no answer to a task/) });
    await other.close();
  });
});

describe('a sidecar that keeps failing', () => {
  const failFiveTimes = async () => {
    for (let call = 0; call < 5; call++) {
      sidecar.failNext('drop');
      await thrown(ask());
    }
  };

  it('is left alone for a minute after five failures, then looked at with one call', async () => {
    await failFiveTimes();
    const sent = sidecar.log.length;
    expect(await thrown(ask())).toMatchObject({ kind: 'broken', retryAfterMs: 60_000 });
    now += 59_999;
    expect(await thrown(ask())).toMatchObject({ kind: 'broken' });
    expect(sidecar.log).toHaveLength(sent);
    now += 1;
    const results = await Promise.all([ask(), thrown(ask()), thrown(ask())]);
    expect(results).toEqual([
      expect.objectContaining({ isError: false }),
      expect.objectContaining({ kind: 'broken' }),
      expect.objectContaining({ kind: 'broken' }),
    ]);
    expect(await ask()).toMatchObject({ isError: false });
  });

  it('stays left alone when that call fails as well', async () => {
    await failFiveTimes();
    now += 60_000;
    sidecar.failNext('drop');
    expect(await thrown(ask())).toMatchObject({ kind: 'unknown' });
    expect(await thrown(ask())).toMatchObject({ kind: 'broken', retryAfterMs: 60_000 });
  });

  it('is not one that refuses tasks, has too much to do, or was cancelled', async () => {
    for (let call = 0; call < 6; call++) {
      await ask({ category: 'nonsense' });
      sidecar.failNext({ status: 429 });
      await thrown(ask());
      await thrown(ask({}, { signal: AbortSignal.abort() }));
    }
    expect(await ask()).toMatchObject({ isError: false });
  });
});
