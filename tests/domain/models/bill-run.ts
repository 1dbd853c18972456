import { expect } from '@jest/globals';
import { heartbeating } from '../../../activities/heartbeating.ts';
import { answerTurn, type Turn } from '../../../domain/models/turn.ts';
import { withOrganization } from '../../../db/organization.ts';
import { closeEnvelope, openEnvelope } from '../../../db/queries/envelopes.ts';
import type { Reply } from '../../../dev/fakes/model/index.ts';
import { billOf } from '../../fakes/bill.ts';
import { createRandom, pick } from '../../../tools/routing/random.ts';
import { createOrchestration, createTenant } from '../../db/world.ts';
import { crookedWindows } from '../../support/score.ts';
import { attempt, type Fixture } from './turn-fixture.ts';

/** As published, in dollars per million tokens; written down again on purpose. */
export const PRICES = {
  'claude-haiku-5-5': { input: 0.1, output: 0.5 },
  'claude-sonnet-5-5': { input: 2, output: 10, cacheRead: 0.1 },
  'claude-opus-5-5': { input: 4, output: 20, cacheRead: 0.2 },
};
export const MODELS = Object.keys(PRICES) as [keyof typeof PRICES, ...(keyof typeof PRICES)[]];

const AT_ONCE = 16;
const CALLS_OF_A_PLAN = 10;
const LIMITED: Reply = { error: { status: 429, type: 'rate_limit_error', message: 'x', retryAfterSeconds: 1 } };

/** Lets so many calls be answered, every second plan with an envelope, and compares the books with the provider's. */
export async function expectLedgerToBeTheBill(fixture: Fixture, calls: number, seed: number): Promise<void> {
  const random = createRandom(seed);
  const words = (most: number) => 'word '.repeat(1 + Math.floor(random() * most));
  const found = () => createTenant(fixture.database.db);
  const tenants = await Promise.all([found(), found(), found(), found()]);
  const before = fixture.model.log.length;
  fixture.model.setResponder(() => (random() < 0.03 ? LIMITED : { text: words(60) }));

  const call = async (turn: Turn): Promise<void> => {
    const take = (nth: number) => attempt(nth, () => heartbeating((given) => answerTurn(fixture.deps, turn, given)));
    for (let nth = 1; nth <= 10; nth++) {
      if (await take(nth).catch(() => undefined)) return;
      await fixture.rest();
    }
    throw new Error(`${turn.request.turnKey} was never answered.`);
  };
  const plan = async (nth: number): Promise<void> => {
    const tenant = pick(tenants, random);
    const { organizationId, userId } = tenant;
    const orchestrationId = await createOrchestration(fixture.database.db, tenant);
    const inside = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
      withOrganization(fixture.database.db, organizationId, work);
    const envelope = { organizationId, orchestrationId, userId, nanos: 2e8, expiresInSeconds: 900 };
    if (nth % 2 === 0) await inside((trx) => openEnvelope(trx, envelope, fixture.deps.defaultLimits));
    const turns = Array.from({ length: CALLS_OF_A_PLAN }, (_, i): Turn => {
      const messages = [{ role: 'user' as const, content: words(100) }];
      const request = {
        model: pick(MODELS, random),
        system: words(30),
        messages,
        maxTokens: 500,
        turnKey: `task:${i}`,
      };
      return { organizationId, orchestrationId, userId, agent: null, tries: 10, request };
    });
    for (const turn of turns) await call(turn);
    await inside((trx) => closeEnvelope(trx, orchestrationId));
  };
  let next = 0;
  const worker = async () => {
    while (next < calls / CALLS_OF_A_PLAN) await plan(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));

  const mine = tenants.map(({ organizationId }) => `'${organizationId}'`).join(', ');
  const [sum] = await fixture.database.look<Record<'cost' | 'settled' | 'input' | 'output' | 'open', string>>(
    `select sum(cost_nanos) as cost, count(*) filter (where state = 'settled') as settled, sum(input_tokens) as input,
       sum(output_tokens) as output, count(*) filter (where state not in ('settled', 'released')) as open
     from usage where organization_id in (${mine})`,
  );
  const bill = billOf(fixture.model.log.slice(before), PRICES);
  expect(Number(sum?.cost)).toBe(bill.nanos);
  expect([Number(sum?.settled), Number(sum?.open)]).toEqual([calls, 0]);
  expect([bill.answers, Number(sum?.input), Number(sum?.output)]).toEqual([calls, bill.inputTokens, bill.outputTokens]);
  expect(await crookedWindows(fixture)).toEqual([]);
  const windows = await fixture.database.look<{ spent: string }>(
    `select sum(spent_nanos) as spent from budget_windows where scope = 'organization' and organization_id in (${mine})
       and reserved_nanos = 0 group by period`,
  );
  expect(windows.map(({ spent }) => Number(spent))).toEqual([bill.nanos, bill.nanos, bill.nanos]);
}
