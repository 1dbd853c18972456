import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { healStep, type FailedTry, type HealDeps } from '../../../domain/healing/heal-step.ts';
import { heartbeating } from '../../../activities/heartbeating.ts';
import { toDefaultPolicy } from '../../../contracts/money.ts';
import { createOrchestration, createTenant } from '../../db/world.ts';
import { attempt, openFixture, type Fixture } from '../models/turn-fixture.ts';
import { MODELS, sampleAgents, sampleDefinition } from '../../support/samples.ts';

let fixture: Fixture;
let deps: HealDeps;
beforeAll(async () => {
  fixture = await openFixture();
  deps = {
    ...fixture.deps,
    models: MODELS,
    defaultPolicy: toDefaultPolicy(0.8, 0.95),
    agents: sampleAgents(sampleDefinition('engineering', 'deep'), sampleDefinition('ops', 'fast')),
    healingCapCents: 5,
  };
}, 60_000);
afterAll(() => fixture?.close());
const diagnosis = (given: Record<string, unknown> = {}) => ({
  json: {
    rootCause: 'the question was too broad',
    action: 'retry',
    change: 'Look at one file.',
    agent: null,
    ...given,
  },
});
beforeEach(() => fixture.model.setResponder(() => diagnosis()));

/** A failed step of a new job; `spentCents` have gone into its tries. */
async function failing(given: { spentCents?: number; worstCents?: number; turnKey?: string } = {}): Promise<FailedTry> {
  const tenant = await createTenant(fixture.database.db);
  const orchestrationId = await createOrchestration(fixture.database.db, tenant);
  const { organizationId } = tenant;
  const estimate = { minutes: 1, inputTokens: 1, outputTokens: 1, cents: 1, worstCents: given.worstCents ?? 10 };
  await fixture.database.look(
    `insert into steps (organization_id, orchestration_id, id, agent, position, relevance, title, instruction, revision, estimate)
     values ($1, $2, 'fix', 'engineering', 0, 1, 'Fix the bugs', 'Mend what is broken.', 1, $3)`,
    [organizationId, orchestrationId, JSON.stringify({ ...estimate, basis: 'prices', runs: 0 })],
  );
  if (given.spentCents)
    await fixture.database.look(
      `insert into usage (organization_id, id, orchestration_id, turn_key, model, state, reserved_nanos, cost_nanos, reserved_on, expires_at)
       values ($1, $2, $3, $4, 'm', 'settled', 1, $5, current_date, now())`,
      [organizationId, randomUUID(), orchestrationId, given.turnKey ?? 'agent:fix@1', given.spentCents * 10_000_000],
    );
  return { organizationId, orchestrationId, step: 'fix', agent: 'engineering', attempt: 1, code: 'model_refused' };
}
const heal = (input: FailedTry, nth = 1) => attempt(nth, () => heartbeating((given) => healStep(deps, input, given)));
const kept = ({ orchestrationId }: FailedTry) =>
  fixture.database.look(
    'select attempt, root_cause, action, decided_by, status from healing where orchestration_id = $1',
    [orchestrationId],
  );

describe('a failed step', () => {
  it('is diagnosed by a model, once however often it is asked, and what was decided is kept', async () => {
    const input = await failing();
    const before = fixture.model.log.length;
    await expect(heal(input)).resolves.toEqual({ action: 'retry' });
    await expect(heal(input, 2)).resolves.toEqual({ action: 'retry' });
    expect(fixture.model.log.length - before).toBe(1);
    expect(await kept(input)).toEqual([
      { attempt: 1, root_cause: 'the question was too broad', action: 'retry', decided_by: 'model', status: 'running' },
    ]);
    await heal({ ...input, attempt: 2 });
    expect((await kept(input)).map(({ status }) => status)).toEqual(['failed', 'running']);
  });

  it('goes to another agent when the model names one', async () => {
    fixture.model.setResponder(() => diagnosis({ action: 'another_agent', agent: 'ops' }));
    await expect(heal(await failing())).resolves.toEqual({ action: 'another_agent', agent: 'ops' });
  });

  it('whose model is away is tried on another tier by rule, and no model is asked', async () => {
    const before = fixture.model.log.length;
    const input = { ...(await failing()), code: 'model_unavailable' as const };
    await expect(heal(input)).resolves.toEqual({ action: 'retry', tier: 'balanced' });
    expect(fixture.model.log.length).toBe(before);
    expect(await kept(input)).toMatchObject([{ action: 'retry', decided_by: 'rule' }]);
  });

  it('whose key was rejected is nothing to heal, and nothing is shown', async () => {
    const input = { ...(await failing()), code: 'model_unauthorized' as const };
    await expect(heal(input)).resolves.toEqual({ action: 'stop' });
    expect(await kept(input)).toEqual([]);
  });

  it('is left once healing has cost as much as it may', async () => {
    const input = await failing({ spentCents: 6, turnKey: 'agent:other#1' });
    await expect(heal(input)).resolves.toEqual({ action: 'stop' });
    expect(await kept(input)).toMatchObject([{ action: 'stop', decided_by: 'rule', status: 'failed' }]);
  });

  it('that has cost three times its worst case is a person’s to decide', async () => {
    const input = await failing({ spentCents: 3.1, worstCents: 1 });
    await expect(heal(input)).resolves.toEqual({ action: 'ask' });
    const calm = await failing({ spentCents: 2.9, worstCents: 1 });
    await expect(heal(calm)).resolves.toEqual({ action: 'retry' });
  });

  it('is tried once more when nobody can say why it failed, and then stands', async () => {
    fixture.model.setResponder(() => ({ text: 'I do not know.' }));
    const input = await failing();
    await expect(heal(input)).resolves.toEqual({ action: 'retry' });
    await expect(heal({ ...input, attempt: 2 })).resolves.toEqual({ action: 'stop' });
    expect(await kept(input)).toMatchObject([
      { attempt: 1, action: 'retry', decided_by: 'rule', root_cause: 'unknown' },
    ]);
  });
});
