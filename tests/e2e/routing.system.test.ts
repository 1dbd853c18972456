import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RoutingOverride } from '../../contracts/routing.ts';
import { expectProblem, json } from '../support/doors.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import { specialist } from '../support/replies.ts';
import { decided, decisionsOf, ROUTING } from '../support/routing.ts';

let nubabel: Nubabel;
let other: Person;
beforeAll(async () => {
  nubabel = await startNubabel();
  other = await addPerson(nubabel, { newOrganization: 'Other', role: 'admin' });
}, 60_000);
afterAll(() => nubabel?.close());
afterEach(() => nubabel.model.setResponder(specialist()));

const override = (body: unknown, { request }: Pick<Nubabel, 'request'> = nubabel) =>
  request(`${ROUTING}/overrides`, json(body));
const taught = async (body: unknown) => {
  const answer = await override(body);
  expect(answer.status).toBe(201);
  return (await answer.json()) as RoutingOverride;
};
const decisions = (query?: string) => decisionsOf(nubabel.request, query);
const ask = (message: string) => decided(nubabel, message);

describe('a decision', () => {
  it('is stored with who decided, everybody’s scores, the alternatives, the language and the reason', async () => {
    nubabel.model.setResponder(specialist({ agents: [{ agent: 'growth', relevance: 0.9 }] }));
    const message = 'Flumming the wibble of nine';
    const decision = await ask(message);
    expect(decision).toMatchObject({
      message,
      language: 'en',
      agents: [{ agent: 'growth', relevance: 0.9 }],
      mode: 'parallel',
      category: 'quick',
      decidedBy: 'model',
      confidence: 0.9,
      scores: { model: { growth: 0.9 } },
      reason: expect.stringMatching(/^The local router was unsure/),
    });
    expect(Object.keys(decision.scores.local ?? {})).toHaveLength(9);
    expect(decision.alternatives).toHaveLength(3);
    expect(decision.alternatives.map(({ agent }) => agent)).not.toContain('growth');
  });

  it('can be looked for by language and by who decided, page by page', async () => {
    const korean = await ask('로그인 API 버그 고치고 테스트 코드 작성해줘');
    expect(korean).toMatchObject({ language: 'ko', decidedBy: 'local' });
    const found = await decisions('?language=ko&decidedBy=local&limit=1');
    expect(found).toEqual([korean]);
    expect(await decisions(`?language=ko&before=${korean.createdAt}`)).toEqual([]);
    await expectProblem(await nubabel.request(`${ROUTING}/decisions?decidedBy=nobody`), 400);
  });
});

describe('an override', () => {
  const FIRST = 'Send an invoice reminder to Globex';

  it('of a job changes nothing of that job, and the next one in the same or in similar words follows it', async () => {
    const before = await ask(FIRST);
    await nubabel.ended(before.jobId);
    expect(before).toMatchObject({ agents: [{ agent: 'finance' }], decidedBy: 'local' });
    const job = await nubabel.status(before.jobId);
    const given = await taught({ jobId: before.jobId, agents: ['ops'] });
    expect(given).toMatchObject({ text: FIRST, language: 'en', agents: ['ops'], jobId: before.jobId });
    expect(await nubabel.status(before.jobId)).toEqual(job);

    const same = await ask(`${FIRST.toLowerCase()}!`);
    expect(same).toMatchObject({ agents: [{ agent: 'ops', relevance: 1 }], decidedBy: 'override', confidence: 1 });
    const similar = await ask('Please send an invoice reminder to Globex today');
    expect(similar).toMatchObject({ agents: [{ agent: 'ops' }], decidedBy: 'local' });
    expect(similar.reason).toContain('which an admin gave to ops');
    const [old] = (await decisions()).filter(({ jobId }) => jobId === before.jobId);
    expect(old).toEqual({ ...before, overridden: { overrideId: given.id, agents: ['ops'] } });
    expect(same.overridden).toBeUndefined();
    const audit = await nubabel.database.look('select action, outcome from audit where subject = $1', [given.id]);
    expect(audit).toEqual([{ action: 'routing.override', outcome: 'done' }]);
  });

  it('is replaced by a later one of the same words, and ends when it is taken back', async () => {
    const again = await taught({ text: `  ${FIRST.toUpperCase()} `, agents: ['support', 'support'] });
    expect((await ask(FIRST)).agents).toEqual([{ agent: 'support', relevance: 1 }]);
    const list = (await (await nubabel.request(`${ROUTING}/overrides`)).json()) as { overrides: RoutingOverride[] };
    expect(list.overrides).toEqual([again]);
    expect((await nubabel.request(`${ROUTING}/overrides/${again.id}`, { method: 'DELETE' })).status).toBe(200);
    expect(await ask(FIRST)).toMatchObject({ agents: [{ agent: 'finance' }], decidedBy: 'local' });
    await expectProblem(await nubabel.request(`${ROUTING}/overrides/${again.id}`, { method: 'DELETE' }), 404);
  });

  it('is known after a restart', async () => {
    const given = await taught({ text: 'Book the van for the fair', agents: ['growth'] });
    await nubabel.restart('api');
    expect(await ask('Book the van for the fair')).toMatchObject({
      agents: [{ agent: 'growth' }],
      decidedBy: 'override',
    });
    await nubabel.request(`${ROUTING}/overrides/${given.id}`, { method: 'DELETE' });
  });

  it('counts in its own organization only, and nobody else can see it or take it back', async () => {
    const given = await taught({ text: 'Fix the bug in our login api', agents: ['brand'] });
    const theirs = await decided(other, 'Fix the bug in our login api');
    expect(theirs).toMatchObject({ agents: [{ agent: 'engineering' }], decidedBy: 'local' });
    expect(await decisions()).not.toContainEqual(expect.objectContaining({ jobId: theirs.jobId }));
    expect(await (await other.request(`${ROUTING}/overrides`)).json()).toEqual({ overrides: [] });
    await expectProblem(await other.request(`${ROUTING}/overrides/${given.id}`, { method: 'DELETE' }), 404);
    await expectProblem(await override({ jobId: theirs.jobId, agents: ['ops'] }), 404);
  });

  it('is for admins', async () => {
    for (const role of ['user', 'guest'] as const) {
      const person = await addPerson(nubabel, { role });
      await expectProblem(await override({ text: 'x', agents: ['ops'] }, person), 403);
      for (const path of ['decisions', 'overrides', 'accuracy'])
        await expectProblem(await person.request(`${ROUTING}/${path}`), 403);
    }
  });

  it.each([
    [{ agents: ['ops'] }],
    [{ text: 'x', jobId: 'y', agents: ['ops'] }],
    [{ text: 'x', agents: [] }],
    [{ text: 'x', agents: ['hacker'] }],
    [{ text: ' \n', agents: ['ops'] }],
    [{ text: 'a\u0000b', agents: ['ops'] }],
    [{ text: 'x', language: 'fr', agents: ['ops'] }],
    [{ jobId: 'x', language: 'en', agents: ['ops'] }],
    [{ text: 'x', agents: ['ops'], extra: 1 }],
  ])('%j is refused with a problem', async (body) => {
    await expectProblem(await override(body), 400);
  });

  it.each(['x', '00000000-0000-4000-8000-00000000ffff'])('of a job %s that is not there is refused', async (jobId) => {
    await expectProblem(await override({ jobId, agents: ['ops'] }), 404);
  });
});

describe('the accuracy', () => {
  it('counts per language what was overridden, by who decided, and tries each override without itself', async () => {
    await taught({ text: 'Refill the printer on floor two', agents: ['ops'] });
    await taught({ text: 'Refill the printer on floor three', agents: ['ops'] });
    const { languages } = (await (await nubabel.request(`${ROUTING}/accuracy`)).json()) as {
      languages: { language: string; decisions: number; overridden: number; leaveOneOut: Record<string, number> }[];
    };
    expect(languages.map(({ language }) => language)).toEqual(['en', 'ko']);
    const [english] = languages;
    expect(english?.decisions).toBeGreaterThan(0);
    expect(english?.leaveOneOut['right']).toBeGreaterThanOrEqual(2);
    expect(english?.leaveOneOut['overrides']).toBeGreaterThanOrEqual(2);
  });
});
