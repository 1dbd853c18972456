import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { isFinal, type JobStatusName } from '../../contracts/orchestration.ts';
import { approveShown } from '../support/approvals.ts';
import { expectProblem, json, ORCHESTRATE } from '../support/doors.ts';
import { isContiguous, openStream, type OpenStream, type SeenEvent } from '../support/event-stream.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson } from '../support/people.ts';

let nubabel: Nubabel;
const open: OpenStream[] = [];
beforeAll(async () => {
  nubabel = await startSharedNubabel();
}, 60_000);
afterEach(() => {
  open.splice(0).forEach((stream) => stream.close());
  nubabel.model.resume();
});
afterAll(() => nubabel?.close());

type Target = Parameters<typeof openStream>[0];
type Options = Parameters<typeof openStream>[2];
const follow = async (path: string, options?: Options, target: Target = nubabel) => {
  const stream = await openStream(target, path, options);
  open.push(stream);
  return stream;
};
const isEnd = ({ data }: SeenEvent) => 'status' in data && isFinal(data['status'] as JobStatusName);
const endOf = (jobId: string) => (event: SeenEvent) => event.data['jobId'] === jobId && isEnd(event);

describe('the events of a job', () => {
  it('come live from the first to the last, with ids, and the stream ends with the job', async () => {
    nubabel.model.pause();
    const { jobId } = await nubabel.ask('Follow me', { agents: ['brand', 'ops'] });
    const stream = await follow(`/api/jobs/${jobId}/progress`);
    await stream.waitFor('the greeting', ({ type }) => type === 'connected');
    nubabel.model.resume();
    await stream.ended;
    const facts = stream.facts();
    expect(facts.every(({ data }) => data['jobId'] === jobId)).toBe(true);
    expect(facts[0]?.data).toMatchObject({ status: 'pending', progress: 0, step: 'Received' });
    expect(facts.map(({ data }) => data['step'])).toContain('Running agent: Brand (1/2)');
    expect(facts.at(-1)).toMatchObject({
      type: 'orchestration_completed',
      data: { status: 'completed', progress: 100 },
    });
    expect(facts.filter(isEnd)).toHaveLength(1);
    const progress = facts.map(({ data }) => Number(data['progress']));
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(facts.every(({ id, data }) => id === data['id'])).toBe(true);
  });

  it('are replayed from the start afterwards, and from anywhere without a gap or a repetition', async () => {
    const { jobId } = await nubabel.ask('Tell it once more in other words', { agents: ['brand'] });
    await nubabel.ended(jobId);
    const whole = await follow(`/api/jobs/${jobId}/progress`);
    await whole.ended;
    const ids = whole.ids();
    expect(ids.length).toBeGreaterThanOrEqual(4);
    for (const [index, lastEventId] of ids.slice(0, -1).entries()) {
      const rest = await follow(`/api/jobs/${jobId}/progress`, { lastEventId });
      await rest.ended;
      expect(rest.ids()).toEqual(ids.slice(index + 1));
    }
  });

  it('of an approval tell the question and the answer', async () => {
    const { jobId } = await nubabel.ask('Ask me first', { agents: ['ops'], requireApproval: true });
    const stream = await follow(`/api/jobs/${jobId}/progress`);
    await stream.waitFor('the question', ({ type }) => type === 'approval_requested');
    await approveShown(nubabel, jobId);
    await stream.ended;
    const types = stream.facts().map(({ type }) => type);
    expect(types.indexOf('approval_decided')).toBeGreaterThan(types.indexOf('approval_requested'));
    expect(types.at(-1)).toBe('orchestration_completed');
  });
});

describe('the events of the organization', () => {
  it('come live, in one order and without a hole, to every listener', async () => {
    const streams = await Promise.all([follow('/api/events'), follow('/api/events'), follow('/api/events')]);
    const jobs = await Promise.all(Array.from({ length: 8 }, (_, n) => nubabel.ask(`Job ${n}`, { agents: ['ops'] })));
    for (const stream of streams)
      for (const { jobId } of jobs) await stream.waitFor(`the end of ${jobId}`, endOf(jobId));
    const [first, ...others] = streams.map((stream) => stream.ids());
    expect(isContiguous(first ?? [])).toBe(true);
    for (const ids of others) expect(ids).toEqual(first);
  });

  it('can be taken up again after any id that was seen', async () => {
    const before = await follow('/api/events');
    const { jobId } = await nubabel.ask('Before the cut', { agents: ['ops'] });
    await before.waitFor('the end', endOf(jobId));
    before.close();
    const half = before.ids()[1] ?? 0;
    const missed = await nubabel.ask('While away', { agents: ['ops'] });
    await nubabel.ended(missed.jobId);
    const after = await follow('/api/events', { lastEventId: half });
    await after.waitFor('what was missed', endOf(missed.jobId));
    expect(after.ids()[0]).toBe(half + 1);
    expect(isContiguous(after.ids())).toBe(true);
  });

  it('of scope "user" are only one’s own', async () => {
    const grace = await addPerson(nubabel);
    const mine = await follow('/api/events?scope=user', {}, grace);
    const others = await nubabel.ask('Not of Grace', { agents: ['ops'] });
    const own = (await (await grace.request(ORCHESTRATE, json({ message: 'Of Grace', agents: ['ops'] }))).json()) as {
      jobId: string;
    };
    await nubabel.ended(others.jobId);
    await mine.waitFor('her own end', endOf(own.jobId));
    expect(new Set(mine.facts().map(({ data }) => data['jobId']))).toEqual(new Set([own.jobId]));
  });

  it('never reach another organization', async () => {
    const spy = await addPerson(nubabel, { newOrganization: 'Spies', role: 'admin' });
    const stream = await follow('/api/events', { lastEventId: 0 }, spy);
    const { jobId } = await nubabel.ask('Top secret', { agents: ['ops'] });
    await nubabel.ended(jobId);
    const own = (await (await spy.request(ORCHESTRATE, json({ message: 'Our own', agents: ['ops'] }))).json()) as {
      jobId: string;
    };
    await stream.waitFor('their own end', endOf(own.jobId));
    expect(new Set(stream.facts().map(({ data }) => data['jobId']))).toEqual(new Set([own.jobId]));
    expect(stream.ids()[0]).toBe(1);
  });
});

describe('Last-Event-ID', () => {
  it.each(['abc', '-1', '1.5', '1e3', '99999999999999999999', "1' or 1=1", '١٢٣'])(
    'that is no id of ours (%s) is refused',
    async (id) => {
      const { jobId } = await nubabel.ask('x', { agents: ['ops'] });
      const query = `lastEventId=${encodeURIComponent(id)}`;
      for (const path of ['/api/events', `/api/jobs/${jobId}/progress`]) {
        await expectProblem(await nubabel.request(`${path}?${query}`), 400);
        if (/^[\x20-\x7e]*$/.test(id))
          await expectProblem(await nubabel.request(path, { headers: { 'last-event-id': id } }), 400);
      }
    },
  );

  it('above the newest is refused, also of an organization that has none', async () => {
    const { jobId } = await nubabel.ask('x', { agents: ['ops'] });
    await nubabel.ended(jobId);
    const [newest] = await nubabel.database.look<{ id: string }>('select max(last_id) as id from event_counters');
    for (const id of [String(Number(newest?.id) + 1), '999999999999'])
      for (const path of ['/api/events', `/api/jobs/${jobId}/progress`]) {
        const problem = await expectProblem(await nubabel.request(path, { headers: { 'last-event-id': id } }), 400);
        expect(problem['detail']).toContain('above the newest event');
      }
    const stranger = await addPerson(nubabel, { newOrganization: 'Fresh', role: 'admin' });
    await expectProblem(await stranger.request('/api/events', { headers: { 'last-event-id': '1' } }), 400);
    expect((await nubabel.request('/api/events', { headers: { 'last-event-id': newest?.id ?? '' } })).status).toBe(200);
  });

  it('of the last event of a job that is over is answered with 204, again and again', async () => {
    const { jobId } = await nubabel.ask('Over and done', { agents: ['ops'] });
    await nubabel.ended(jobId);
    const whole = await follow(`/api/jobs/${jobId}/progress`);
    await whole.ended;
    const last = String(whole.ids().at(-1));
    for (let time = 0; time < 3; time++) {
      const answer = await nubabel.request(`/api/jobs/${jobId}/progress`, { headers: { 'last-event-id': last } });
      expect([answer.status, await answer.text()]).toEqual([204, '']);
    }
    const query = await nubabel.request(`/api/jobs/${jobId}/progress?lastEventId=${last}`);
    expect(query.status).toBe(204);
  });

  it('of a job that is over and of which nothing is kept is answered with 204 too', async () => {
    const { jobId } = await nubabel.ask('Long ago', { agents: ['ops'] });
    await nubabel.ended(jobId);
    await nubabel.database.look(`delete from events where orchestration_id = '${jobId}'`);
    expect((await nubabel.request(`/api/jobs/${jobId}/progress`)).status).toBe(204);
  });
});
