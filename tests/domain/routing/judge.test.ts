import { beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentId } from '../../../contracts/agents.ts';
import { createLocalRouter, type LocalRouter } from '../../../domain/routing/local-router.ts';
import { loadIntentModel, loadModel } from './load-router.ts';

let router: LocalRouter;
beforeAll(async () => {
  router = createLocalRouter(await loadModel(), await loadIntentModel());
});

const overrides = (agent: AgentId) =>
  ['two', 'three', 'four'].map((floor) => ({
    id: floor,
    text: `Refill the printer on floor ${floor}`,
    agents: [agent],
  }));

describe('the judgement of overrides', () => {
  it('is made once, and anew when any of them is another', async () => {
    const first = await router.judge(overrides('ops'));
    expect(await router.judge(overrides('ops'))).toBe(first);
    expect(first).toEqual(['right', 'right', 'right']);
    const [two, three, four] = overrides('ops');
    if (!two || !three || !four) throw new Error('There are three.');
    expect(await router.judge([two, three, { ...four, agents: ['brand'] }])).not.toEqual(first);
    expect(await router.judge([two, three])).toHaveLength(2);
    expect(await router.judge(overrides('ops'))).toBe(first);
  });
});
