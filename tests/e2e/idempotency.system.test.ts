import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Accepted } from '../../contracts/orchestration.ts';
import { accepted, expectProblem, json, ORCHESTRATE } from '../support/doors.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson } from '../support/people.ts';
import { billedNanos, crookedWindows, ledgerOf, missingEventIds, paidTwice, unfinished } from '../support/score.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
}, 60_000);
afterAll(() => nubabel?.close());

const post = (body: unknown, headers?: Record<string, string>) => nubabel.request(ORCHESTRATE, json(body, headers));
const request = (message: string, more = {}) => ({ message, agents: ['general'], ...more });
const jobOf = async (response: Response) => (await response.json()) as Accepted;

it('an organization that has asked nothing has no jobs', async () => {
  const response = await nubabel.request('/api/jobs');
  expect([response.status, await response.json()]).toEqual([200, { jobs: [], next: null }]);
});

describe('the list of jobs', () => {
  const list = async (query: string) => {
    const response = await nubabel.request(`/api/jobs?${query}`);
    expect(response.status).toBe(200);
    return (await response.json()) as { jobs: { jobId: string; message: string }[]; next: string | null };
  };
  const messages = async (query: string) => (await list(query)).jobs.map(({ message }) => message);

  it('is of what fits: status, agent, time, words', async () => {
    const asked: string[] = [];
    for (const [message, agents] of [
      ['Filter 100% of the apples', ['ops']],
      ['Filter the pears', ['brand']],
      ['Filter the plums_', ['ops', 'brand']],
    ] as const) {
      const { jobId } = await nubabel.ask(message, { agents: [...agents] });
      await nubabel.ended(jobId);
      asked.push(jobId);
    }
    const { jobId: waits } = await nubabel.ask('Filter after a question', { agents: ['ops'], requireApproval: true });
    await nubabel.jobWhen(waits, ({ status }) => status === 'awaiting_approval');
    const apples = 'Filter 100% of the apples';
    expect(await messages('text=FILTER&status=awaiting_approval')).toEqual(['Filter after a question']);
    expect(await messages('text=filter&status=completed,awaiting_approval')).toHaveLength(4);
    expect(await messages('text=filter&status=failed')).toEqual([]);
    expect(await messages('text=filter&agent=brand')).toEqual(['Filter the plums_', 'Filter the pears']);
    expect(await messages(`text=${encodeURIComponent('100%')}`)).toEqual([apples]);
    expect(await messages('text=s_')).toEqual(['Filter the plums_']);
    const pears = await nubabel.status(asked[1] ?? '');
    expect(await messages(`text=filter&until=${pears.createdAt}`)).toEqual([apples]);
    expect(await messages(`text=filter&since=${pears.createdAt}&agent=brand`)).toHaveLength(2);
    expect(await messages('text=filter&until=2020-01-01')).toEqual([]);
    const pages = [await list('text=filter&limit=3')];
    pages.push(await list(`text=filter&limit=3&before=${pages[0]?.next}`));
    expect(pages.map(({ jobs, next }) => [jobs.length, next === null])).toEqual([
      [3, false],
      [1, true],
    ]);
    expect(pages[1]?.jobs[0]?.message).toBe(apples);
    await nubabel.request(`/api/jobs/${waits}/cancel`, { method: 'POST' });
  });

  it.each([
    'status=done',
    'status=',
    'status=failed&status=completed',
    'agent=nobody',
    'since=yesterday',
    'until=2026-13-01',
    'text=',
    'before=x',
    'before=00000000-0000-4000-8000-00000000ffff',
    'state=failed',
    'Status=failed',
  ])('is refused when it is asked for by %s', async (query) =>
    expectProblem(await nubabel.request(`/api/jobs?${query}`), 400),
  );
});

describe('the first mentions of somebody new', () => {
  it.each([1, 2, 3])('are accepted side by side, each once (%s)', async (round) => {
    const user = ['U_ADA', 'U_MINSU', 'U_GRACE'][round - 1] ?? 'U_ADA';
    const texts = Array.from({ length: 10 }, (_, nth) => `Side by side ${round}.${nth}`);
    const said = await Promise.all(texts.map((text) => nubabel.slack.mention({ user, channel: 'C_LAUNCH', text })));
    expect(said.flatMap(({ deliveries }) => deliveries.map(({ status }) => status))).toEqual(Array(20).fill(200));
    const rows = await nubabel.database.look<{ jobs: number; people: number }>(
      `select count(*)::int as jobs, count(distinct user_id)::int as people from orchestrations where message like $1`,
      [`%Side by side ${round}.%`],
    );
    expect(rows).toEqual([{ jobs: 10, people: 1 }]);
  });
});

describe('the same idempotency key', () => {
  it.each([
    ['in the body', (message: string) => post(request(message, { idempotencyKey: 'body-key' }))],
    ['in the header', (message: string) => post(request(message), { 'idempotency-key': 'header-key' })],
  ])('%s gives the same job, said again or at once', async (_, ask) => {
    const first = await jobOf(await ask('Once only'));
    await nubabel.ended(first.jobId);
    const again = await ask('Once only');
    expect(again.status).toBe(202);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await jobOf(again)).toEqual({ ...first, status: 'completed' });
  });

  it('twenty times at once is one job, one run and one payment', async () => {
    const before = await accepted(nubabel);
    const body = request('Twenty at once', { idempotencyKey: 'twenty' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(body)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const jobs = new Set((await Promise.all(answers.map(jobOf))).map(({ jobId }) => jobId));
    expect(jobs.size).toBe(1);
    for (const jobId of jobs) await nubabel.ended(jobId);
    expect(await accepted(nubabel)).toEqual({
      inbox: before.inbox + 1,
      jobs: before.jobs + 1,
      sessions: before.sessions + 1,
    });
    expect(nubabel.model.requests.filter(({ userText }) => userText === 'Twenty at once')).toHaveLength(1);
  });

  it('with another request is refused, and nothing is written', async () => {
    await post(request('The first words', { idempotencyKey: 'reused' }));
    const before = await accepted(nubabel);
    await expectProblem(await post(request('Other words', { idempotencyKey: 'reused' })), 422);
    for (const other of [{ agents: ['ops'] }, { dryRun: true }, { plan: 'never' }, { requireApproval: false }])
      await expectProblem(await post(request('The first words', { idempotencyKey: 'reused', ...other })), 422);
    expect(await accepted(nubabel)).toEqual(before);
  });

  it('with another conversation is refused, whichever of the two names it', async () => {
    const { sessionId: one } = await jobOf(await post(request('One conversation')));
    const { sessionId: two } = await jobOf(await post(request('Another conversation')));
    const inOne = { idempotencyKey: 'in-one', sessionId: one };
    const first = await jobOf(await post(request('Go on', inOne)));
    expect(await jobOf(await post(request('Go on', inOne)))).toMatchObject({ jobId: first.jobId, sessionId: one });
    for (const sessionId of [two, undefined, 'nothing'])
      await expectProblem(await post(request('Go on', { ...inOne, sessionId })), 422);
    await post(request('Begin', { idempotencyKey: 'in-none' }));
    await expectProblem(await post(request('Begin', { idempotencyKey: 'in-none', sessionId: one })), 422);
  });

  it('of another person is another key', async () => {
    const grace = await addPerson(nubabel);
    const ours = await jobOf(await post(request('Mine', { idempotencyKey: 'shared' })));
    const theirs = await jobOf(await grace.request(ORCHESTRATE, json(request('Mine', { idempotencyKey: 'shared' }))));
    expect(theirs.jobId).not.toBe(ours.jobId);
  });
});

it('every cent of the ledger is on the provider’s bill, and the other way round', async () => {
  const jobs = await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) => nubabel.ask(`Bill ${name}`, { agents: ['brand', 'product', 'ops'] })),
  );
  await Promise.all(jobs.map(({ jobId }) => nubabel.ended(jobId)));
  const { jobs: all } = (await (await nubabel.request('/api/jobs?limit=100')).json()) as { jobs: { jobId: string }[] };
  await Promise.all(all.map(({ jobId }) => nubabel.ended(jobId)));
  const ledger = await ledgerOf(nubabel);
  expect(ledger).toMatchObject({ unknown: 0, reserved: 0, settledNanos: billedNanos(nubabel) });
  expect(ledger.settled).toBe(nubabel.model.log.filter(({ outcome }) => outcome === 'answered').length);
  expect(await crookedWindows(nubabel)).toEqual([]);
  expect(await unfinished(nubabel)).toEqual([]);
  expect(await missingEventIds(nubabel)).toEqual([]);
  expect(paidTwice(nubabel).filter((line) => !line.includes('Mine') && !line.includes('Once only'))).toEqual([]);
});
