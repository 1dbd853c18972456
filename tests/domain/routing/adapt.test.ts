import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createAdapter, type AdaptedRouter, type OverrideExample } from '../../../domain/routing/adapt.ts';
import type { AgentId } from '../../../contracts/agents.ts';
import { readHeldOut, type Example } from '../../../tools/routing/examples.ts';
import { createRouter, type Router } from '../../../domain/routing/router.ts';
import { FAMILIES } from '../../tools/routing/families.ts';
import { loadModel } from './load-router.ts';

let base: Router;
let adapt: (overrides: readonly OverrideExample[]) => AdaptedRouter;
let heldOut: Example[];
beforeAll(async () => {
  const model = await loadModel();
  base = createRouter(model);
  adapt = createAdapter(model, base);
  heldOut = (await readHeldOut()).single;
});

const toOverrides = (texts: readonly string[], agents: readonly AgentId[]): OverrideExample[] =>
  texts.map((text, index) => ({ id: `o${index}`, text, agents }));
const agentsOf = (router: Pick<Router, 'route'>, text: string) => router.route(text).agents.map(({ agent }) => agent);
const accuracyOf = (router: Pick<Router, 'route'>): number =>
  heldOut.filter(({ text, agents }) => agentsOf(router, text).join() === agents.join()).length / heldOut.length;

describe('an override', () => {
  const TEXT = 'Send the invoice reminder to Globex';

  it('decides about its own words, however they are spelled, with certainty', () => {
    const router = adapt(toOverrides([TEXT], ['ops', 'support']));
    for (const text of [TEXT, TEXT.toUpperCase(), '  send the invoice   reminder,\nto Globex!! ', `“${TEXT}”…`]) {
      const decision = router.route(text);
      expect(decision).toMatchObject({
        abstained: false,
        confidence: 1,
        override: { id: 'o0', exact: true },
        reason: 'An admin gave this request to ops + support.',
      });
      expect(decision.agents).toEqual([
        { agent: 'ops', relevance: 0.5 },
        { agent: 'support', relevance: 0.5 },
      ]);
      expect(decision.scores).toHaveLength(9);
      expect(decision.scores.reduce((sum, { relevance }) => sum + relevance, 0)).toBeCloseTo(1, 6);
    }
  });

  it('decides about words like its own with less certainty, and says whose words they are like', () => {
    const decision = adapt(toOverrides([TEXT], ['ops'])).route('Please send an invoice reminder to Globex GmbH');
    expect(decision).toMatchObject({ agents: [{ agent: 'ops' }], abstained: false, override: { exact: false } });
    expect(decision.confidence).toBeLessThan(1);
    expect(decision.reason).toMatch(/^Like "send the invoice reminder to globex" \(\d\d % alike\), .* gave to ops\.$/);
  });

  it('has no say where it is taken out, and the others have', () => {
    const [first, second] = toOverrides([TEXT, 'Send the invoice reminder to Initech'], ['ops']);
    if (!first || !second) throw new Error('two overrides');
    expect(adapt([first]).routeWithout('o0', TEXT)).toEqual(base.route(TEXT));
    expect(adapt([first, second]).routeWithout('o0', TEXT)).toMatchObject({ override: { id: 'o1', exact: false } });
  });

  it('that others contradict leaves the decision to the trained router', () => {
    const texts = ['Send the invoice reminder to Initech', 'Send the invoice reminder to Hooli'];
    const [mine, other] = [toOverrides(texts, ['ops'])[0], toOverrides(texts, ['support'])[1]];
    if (!mine || !other) throw new Error('two overrides');
    expect(adapt([mine, other]).route(TEXT)).toEqual(base.route(TEXT));
  });
});

describe('overrides of a kind of request', () => {
  it.each(FAMILIES)('of $name move unseen requests like them', ({ taught, unseen, agent }) => {
    const router = adapt(toOverrides(taught, [agent]));
    const moved = unseen.filter((text) => agentsOf(router, text).join() === agent && !router.route(text).abstained);
    // A wrong guess costs more than one left to the model.
    expect(moved.length).toBeGreaterThanOrEqual(0.75 * unseen.length);
  });

  it('of twenty about invoice reminders move every unseen one from finance to ops', () => {
    const [{ taught, unseen } = { taught: [], unseen: [] }] = FAMILIES;
    expect(taught).toHaveLength(20);
    const router = adapt(toOverrides(taught, ['ops']));
    expect(unseen.filter((text) => agentsOf(base, text).join() === 'finance').length).toBeGreaterThan(4);
    for (const text of unseen) expect([text, agentsOf(router, text)]).toEqual([text, ['ops']]);
  });

  it.each(FAMILIES)('of $name leave others in the same words alone', ({ taught, others, agent }) => {
    const router = adapt(toOverrides(taught, [agent]));
    for (const text of others) expect([text, router.route(text)]).toEqual([text, base.route(text)]);
  });

  it.each(FAMILIES)('of $name cost at most a point of accuracy on held-out requests', ({ taught, agent }) => {
    expect(accuracyOf(adapt(toOverrides(taught, [agent])))).toBeGreaterThanOrEqual(accuracyOf(base) - 0.01);
  });

  it('cost nothing when there are none', () => {
    const router = adapt([]);
    for (const { text } of heldOut.slice(0, 50)) expect(router.route(text)).toEqual(base.route(text));
  });
});

describe('five hundred overrides', () => {
  it('are learned in less than 50 ms and leave 99 decisions of 100 below 1 ms', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['tests/domain/routing/time-adapt.ts']);
    const { overrides, learnMs, routeP99Ms } = JSON.parse(stdout) as Record<string, number>;
    expect(overrides).toBe(500);
    expect(learnMs).toBeLessThan(50);
    expect(routeP99Ms).toBeLessThan(1);
  }, 30_000);
});

describe('a text as long as a message may be', () => {
  it('is known by all of its words, and alike by its beginning', () => {
    const long = 'x'.repeat(39_000);
    const router = adapt([{ id: 'long', text: `Summarise this: ${long}`, agents: ['ops'] }]);
    expect(router.route(`summarise this ${long}`)).toMatchObject({ override: { id: 'long', exact: true } });
    expect(router.route(`Summarise that: ${long}`)).toMatchObject({ override: { id: 'long', exact: false } });
  });
});
