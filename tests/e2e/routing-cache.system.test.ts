import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { json } from '../support/doors.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson } from '../support/people.ts';
import { analysisReply, askerOf, specialist } from '../support/replies.ts';
import { decided, ROUTING } from '../support/routing.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel();
}, 60_000);
afterAll(() => nubabel?.close());
beforeEach(() => nubabel.model.setResponder(specialist({ agents: [{ agent: 'brand', relevance: 0.8 }] })));

let count = 0;
/** Words that mean nothing to the local router, new each time. */
const newWords = () => `Grobbling the snark of ${'abcdefghijklmnop'.charAt(count++)}lph`;

const analyses = (): number => nubabel.model.requests.filter((request) => askerOf(request) === 'analysis').length;

/** How often the model is asked what the words mean, and who decides at last, when they are said twice. */
async function twice(
  ask: (words: string, time: 1 | 2) => ReturnType<typeof decided>,
): Promise<{ asked: number; decidedBy: string }> {
  const words = newWords();
  const before = analyses();
  expect((await ask(words, 1)).decidedBy).toBe('model');
  const { decidedBy } = await ask(words, 2);
  return { asked: analyses() - before, decidedBy };
}
const TWICE = { asked: 2, decidedBy: 'model' };

/** An analysis that is like the usual one but for this. */
const analysing = (changes: Record<string, unknown>) => {
  const usual = specialist();
  nubabel.model.setResponder((request) =>
    request.schema ? { json: { ...analysisReply().json, ...changes } } : usual(request),
  );
};

describe('the model’s decision', () => {
  it('is used again for the same words: nothing is spent on understanding them, and the decision says so', async () => {
    const words = newWords();
    nubabel.model.setResponder(specialist({ agents: [{ agent: 'brand', relevance: 0.8 }], category: 'artistry' }));
    expect(await decided(nubabel, words)).toMatchObject({ decidedBy: 'model', agents: [{ agent: 'brand' }] });
    const before = analyses();
    const again = await decided(nubabel, `  ${words.toUpperCase()}!`);
    expect(again).toMatchObject({
      decidedBy: 'cache',
      agents: [{ agent: 'brand', relevance: 0.8 }],
      category: 'artistry',
      confidence: 0.9,
      scores: { model: { brand: 0.8 } },
      reason: expect.stringContaining('The model has decided about the same words before.'),
    });
    expect(await nubabel.ended(again.jobId)).toMatchObject({ status: 'completed', agents: [{ agent: 'brand' }] });
    expect(analyses()).toBe(before);
    const { entries } = (await (await nubabel.request(`/api/admin/ledger?jobId=${again.jobId}`)).json()) as {
      entries: { agent: string | null }[];
    };
    expect(entries.map(({ agent }) => agent)).toEqual(['brand']);
    expect(await nubabel.database.look('select hits from routing_cache')).toContainEqual({ hits: 1 });
  });

  it('is used again however many ask at once', async () => {
    const words = newWords();
    await decided(nubabel, words);
    const before = analyses();
    const decisions = await Promise.all(Array.from({ length: 6 }, () => decided(nubabel, words)));
    expect(new Set(decisions.map(({ decidedBy }) => decidedBy))).toEqual(new Set(['cache']));
    expect(analyses()).toBe(before);
  });

  it('is asked for anew in another organization', async () => {
    const other = await addPerson(nubabel, { newOrganization: 'Other', role: 'admin' });
    expect(await twice((words, time) => decided(time === 1 ? nubabel : other, words))).toEqual(TWICE);
  });

  it('is asked for anew in a conversation that has begun before', async () => {
    const { jobId } = await nubabel.ask('Hello', { agents: ['general'] });
    const { sessionId } = await nubabel.ended(jobId);
    expect(await twice((words, time) => decided(nubabel, words, time === 2 ? { sessionId } : {}))).toEqual(TWICE);
    expect(await twice((words, time) => decided(nubabel, words, time === 1 ? { sessionId } : {}))).toEqual(TWICE);
  });

  it.each([{ category: 'quick' as const }, { mode: 'sequential' as const }])(
    'is asked for anew when the request says %j',
    async (more) => {
      expect(await twice((words, time) => decided(nubabel, words, time === 2 ? more : {}))).toEqual(TWICE);
    },
  );

  it.each([
    ['was not sure', { confidence: 0.59 }],
    ['found a deadline', { entities: [{ name: 'deadline', value: '2026-12-01' }] }],
    ['found a date under another name', { entities: [{ name: 'launch', value: '2026-12-01' }] }],
  ])('is asked for anew when the model %s', async (_, changes) => {
    analysing(changes);
    expect(await twice((words) => decided(nubabel, words))).toEqual(TWICE);
  });

  it('is asked for anew when the words name a day', async () => {
    expect(await twice((words) => decided(nubabel, `${words} by tomorrow`))).toEqual(TWICE);
  });

  it('is asked for anew after a week', async () => {
    const words = newWords();
    await decided(nubabel, words);
    await nubabel.database.look(`update routing_cache set expires_at = now() - interval '1 second'`);
    expect(await decided(nubabel, words)).toMatchObject({ decidedBy: 'model' });
    expect(await decided(nubabel, words)).toMatchObject({ decidedBy: 'cache' });
  });

  it('makes way for an admin’s at once, and does not come back with its end', async () => {
    const words = newWords();
    await decided(nubabel, words);
    const given = await nubabel.request(`${ROUTING}/overrides`, json({ text: words, agents: ['growth'] }));
    expect(await decided(nubabel, words)).toMatchObject({ decidedBy: 'override', agents: [{ agent: 'growth' }] });
    const { id } = (await given.json()) as { id: string };
    await nubabel.request(`${ROUTING}/overrides/${id}`, { method: 'DELETE' });
    expect(await decided(nubabel, words)).toMatchObject({ decidedBy: 'model', agents: [{ agent: 'brand' }] });
  });

  it('makes way for what an admin said of similar words', async () => {
    const words = newWords();
    await decided(nubabel, words);
    const text = `Please start ${words}`;
    const given = await nubabel.request(`${ROUTING}/overrides`, json({ text, agents: ['growth'] }));
    expect(await decided(nubabel, words)).toMatchObject({ decidedBy: 'local', agents: [{ agent: 'growth' }] });
    const { id } = (await given.json()) as { id: string };
    await nubabel.request(`${ROUTING}/overrides/${id}`, { method: 'DELETE' });
    expect(await decided(nubabel, words)).toMatchObject({ decidedBy: 'cache', agents: [{ agent: 'brand' }] });
  });

  it('is neither kept nor used with ROUTING_CACHE=false', async () => {
    const words = newWords();
    await decided(nubabel, words);
    await nubabel.restart('api', { ROUTING_CACHE: 'false' });
    expect(await decided(nubabel, words)).toMatchObject({ decidedBy: 'model' });
    expect(await twice((more) => decided(nubabel, more))).toEqual(TWICE);
  });
});
