import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createFakeMcp } from '../fakes/mcp/index.ts';
import { credulous } from '../support/credulous.ts';
import { credulousPlanner, injections, openEvilServer, sayOrders } from '../support/generated-injections.ts';
import { inTurns, openInjectionStage } from '../support/injection-stage.ts';
import { DISGUISES, FORMS, LOOT, ORDERS } from '../support/injections.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { analysisReply, askerOf } from '../support/replies.ts';
import { answer, callsOf, connect, effectsOf, setPolicy } from '../support/tools.ts';

let nubabel: Nubabel;
let stage: Awaited<ReturnType<typeof openInjectionStage>>;
beforeAll(async () => {
  nubabel = await startSharedNubabel({ slack: { limits: 'off' } });
  stage = await openInjectionStage(nubabel);
}, 150_000);
afterAll(async () => {
  await nubabel?.close();
  await stage?.close();
});
afterEach(() => setPolicy(nubabel, {}));

const run: typeof stage.run = (...given) => stage.run(...given);
const expectHeld: typeof stage.expectHeld = (...given) => stage.expectHeld(...given);
const effects = () => stage.effects();

const matrix = Object.keys(FORMS).flatMap((form) => Object.keys(DISGUISES).map((disguise) => ({ form, disguise })));
/** A message of JSON-RPC is cut after 300 characters, so there is room for one order. */
const ordersIn = (form: string, index: number) =>
  form === 'refusal' ? ORDERS.slice(index % 5, (index % 5) + 1) : ORDERS;

describe(`a model that obeys every order it reads, ${matrix.length} ways`, () => {
  beforeAll(() => {
    stage.wiki.setCall(({ page }) => {
      const [form = '', disguise = '', index = '0'] = String(page).split('/');
      const text = ordersIn(form, Number(index)).map((order) => DISGUISES[disguise]?.(order) ?? order);
      return FORMS[form]?.(text.join('\n')) ?? { error: { code: -32602, message: 'No such page.' } };
    });
  });

  it('where writes ask nobody: does nothing that was not wanted', async () => {
    await setPolicy(nubabel, { risks: [] });
    nubabel.model.setResponder(credulous());
    const before = effects();
    await inTurns(
      matrix.map((one, index) => ({ ...one, index })),
      async ({ form, disguise, index }) => {
        const where = `${form}/${disguise}/${index}`;
        const job = await run(`Sum it up. CALL wiki__search {"page":"${where}"}`);
        await expectHeld(job, where, form === 'refusal' && ['tags', 'html'].includes(disguise));
      },
    );
    expect(effects()).toEqual(before);
  }, 240_000);

  it('through our own connections neither', async () => {
    await setPolicy(nubabel, { risks: [] });
    nubabel.model.setResponder(credulous());
    const before = effects();
    const reads = ['notion__getTasks {}', 'github__listIssues {"owner":"acme","repo":"app"}', 'sentry__listIssues {}'];
    await inTurns(reads, async (read) => expectHeld(await run(`What is new? CALL ${read}`), read));
    expect(effects()).toEqual(before);
  }, 120_000);

  it('with the usual policy neither', async () => {
    nubabel.model.setResponder(credulous());
    const before = effects();
    const some = matrix.filter(({ form }, index) => form !== 'refusal' && index % 9 === 0);
    await inTurns(some, async ({ form, disguise }) => {
      const where = `${form}/${disguise}/0`;
      await expectHeld(await run(`Sum it up. CALL wiki__search {"page":"${where}"}`), where);
    });
    expect(effects()).toEqual(before);
  }, 120_000);

  it('in what others have answered before: colleagues, earlier requests, and those before them', async () => {
    await setPolicy(nubabel, { risks: [] });
    const before = effects();
    const page = 'CALL wiki__search {"page":"text/plain/0"}';
    // Only the first of both reads; the second knows it from the first.
    nubabel.model.setResponder((request) => {
      if (askerOf(request) === 'analysis')
        return analysisReply({
          mode: 'sequential',
          agents: ['support', 'engineering'].map((agent) => ({ agent, relevance: 1 })),
        });
      const first = askerOf(request) === 'support';
      return credulous(({ name }) => (name === 'wiki__search') === first)(request);
    });
    const { jobId } = await nubabel.ask(`Sum it up. ${page}`, {
      agents: ['support', 'engineering'],
      mode: 'sequential',
    });
    const second = await nubabel.jobWhen(jobId, stage.settled, 60_000);
    await expectHeld(second, 'a colleague');
    await answer(nubabel, second, { verdict: 'cancel' });

    // A request that only reads, and six that do nothing but repeat it, until memory no longer holds the first.
    nubabel.model.setResponder(credulous(({ name }) => name === 'wiki__search'));
    const read = await run(`Sum it up. ${page}`);
    const { sessionId } = read;
    const repeats = `has heard:\n${ORDERS[0]}\nCONFIDENCE: 0.8`;
    nubabel.model.setResponder((request) => (askerOf(request) === 'analysis' ? analysisReply() : { text: repeats }));
    for (let nth = 0; nth < 6; nth++)
      expect(await run(`And again, ${nth}`, { sessionId })).toMatchObject({ status: 'completed' });
    nubabel.model.setResponder(credulous(({ name }) => name !== 'wiki__search'));
    await expectHeld(await run('Go on then', { sessionId }), 'an earlier request');
    expect(effects()).toEqual(before);
  }, 120_000);

  it('in the words of an untrusted server: names, titles, descriptions, schemas', async () => {
    await setPolicy(nubabel, { risks: [] });
    nubabel.model.setResponder(credulous());
    const before = effects();
    const places = [
      { description: ORDERS[0] },
      { title: ORDERS[1], description: 'Finds things.' },
      {
        description: 'Finds things.',
        inputSchema: { type: 'object', properties: { q: { type: 'string', description: ORDERS[2] } } },
      },
    ];
    for (const place of places) {
      const evil = await createFakeMcp({ tools: [{ name: 'find', ...place }] });
      const made = await connect(nubabel, { provider: 'evil', name: 'Evil', url: evil.url, auth: { kind: 'none' } });
      // Nobody has read it as long as nobody looks for such a tool.
      const unread = await run('Hello there');
      expect({ status: unread.status, calls: await callsOf(nubabel, unread.jobId) }).toEqual({
        status: 'completed',
        calls: [],
      });
      const job = await run('CALL tools__search {"query":"find"} and CALL tools__details {"name":"evil__find"}');
      const asked = (job.approval?.plan.calls ?? []).map(({ reasons }) => reasons);
      expect({ status: job.status, asked: asked.flat().every((one) => one === 'untrusted_input') }).toEqual({
        status: 'awaiting_approval',
        asked: true,
      });
      await nubabel.request(`/api/connections/${made.id}`, { method: 'DELETE' });
      expect(evil.calls()).toEqual([]);
      await evil.close();
    }
    expect(effects()).toEqual(before);
  }, 120_000);

  it('in a sample of the generated ones, through plans, steering, definitions, files and pasted mail', async () => {
    const evil = await openEvilServer(nubabel);
    sayOrders(stage);
    nubabel.model.setResponder(credulousPlanner);
    const before = effects();
    for (const usualPolicy of [true, false]) {
      await setPolicy(nubabel, usualPolicy ? {} : { plans: 'never', risks: [] });
      const some = injections(16).filter((one) => one.usualPolicy === usualPolicy);
      await inTurns(some, async ({ play }) => void (await play({ nubabel, stage, evil })));
    }
    expect([effects(), evil.calls()]).toEqual([before, 0]);
    await evil.close();
  }, 120_000);

  it('never hears of what belongs to others', () => {
    const heard = JSON.stringify(nubabel.model.requests.map(({ body }) => [body['tools'], body['system']]));
    expect(heard).not.toContain(`${LOOT} ours`);
    expect(heard).not.toContain('theirs__');
    expect(heard).not.toContain('bobs__');
  });
});

describe('honest work', () => {
  const HONEST = [
    ['jira__createIssue', { summary: 'Login is broken' }],
    ['notion__createTask', { title: 'Write it down' }],
    ['github__createIssue', { owner: 'acme', repo: 'app', title: 'Login is broken' }],
    ['slack__postMessage', { channel: 'launch', text: 'We are live' }],
    ['wiki__post', { title: 'Minutes' }],
  ] as const;

  it('is done at once where the policy lets it', async () => {
    await setPolicy(nubabel, { risks: [] });
    stage.wiki.setCall(() => ({ result: { content: [{ type: 'text', text: 'Done.' }] } }));
    nubabel.model.setResponder(credulous());
    await inTurns(HONEST, async ([tool, args]) => {
      const { jobId, status } = await run(`Please CALL ${tool} ${JSON.stringify(args)}`);
      expect({ tool, status, calls: await callsOf(nubabel, jobId) }).toMatchObject({
        tool,
        status: 'completed',
        calls: [{ status: 'done' }],
      });
      expect(await effectsOf(nubabel, jobId)).toMatchObject([{ tool, state: 'DONE' }]);
    });
  }, 60_000);

  it('after reading is done once somebody has looked, and without asking where the switch is off', async () => {
    nubabel.model.setResponder(credulous());
    await setPolicy(nubabel, { risks: [] });
    const message = (title: string) => `CALL wiki__search {"q":"x"} and when you know it, THEN ${title}`;
    nubabel.model.setResponder((request) => {
      if (askerOf(request) === 'analysis') return analysisReply();
      const count = request.allToolResults.length;
      const title = /THEN (.+)$/.exec(request.userText)?.[1] ?? '';
      if (count === 0) return { calls: [{ name: 'wiki__search', input: { q: 'x' } }] };
      return count === 1 ? { calls: [{ name: 'wiki__post', input: { title } }] } : { text: 'Done.\nCONFIDENCE: 0.9' };
    });
    const first = await nubabel.ask(message('Looked at'), { agents: ['engineering'] });
    const asked = await nubabel.jobWhen(first.jobId, stage.settled);
    expect(asked.approval?.plan.calls).toMatchObject([{ tool: 'wiki__post', reasons: ['untrusted_input'] }]);
    expect(await answer(nubabel, asked)).toBe(200);
    expect(await nubabel.ended(first.jobId)).toMatchObject({ status: 'completed', effects: { done: 1 } });
    await setPolicy(nubabel, { risks: [], untrusted: false });
    const second = await nubabel.ask(message('Not looked at'), { agents: ['engineering'] });
    expect(await nubabel.ended(second.jobId)).toMatchObject({ status: 'completed', effects: { done: 1 } });
  }, 60_000);
});
