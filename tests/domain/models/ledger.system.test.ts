import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { heartbeating } from '../../../activities/heartbeating.ts';
import { answerTurn } from '../../../domain/models/turn.ts';
import type { ModelLogLine, Reply } from '../../../dev/fakes/model/index.ts';
import { billOf } from '../../fakes/bill.ts';
import { createRandom, pick } from '../../../tools/routing/random.ts';
import { createOrchestration, createTenant } from '../../db/world.ts';
import { expectLedgerToBeTheBill, MODELS, PRICES } from './bill-run.ts';
import { attempt, KilledError, openFixture, type Fixture } from './turn-fixture.ts';

/** T24 and G13: the ledger against the bill of a provider that keeps its own books. */
let fixture: Fixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture?.close());

const TURNS = 120;
const SEED = 1_121;

const random = createRandom(SEED);
const words = (most: number) => 'word '.repeat(1 + Math.floor(random() * most));
const reply = (): Reply => {
  const dice = random();
  if (dice < 0.08) return { error: { status: 429, type: 'rate_limit_error', message: 'x', retryAfterSeconds: 1 } };
  if (dice < 0.14) return { error: { status: 529, type: 'overloaded_error', message: 'x' } };
  if (dice < 0.2) return { error: { status: 500, type: 'api_error', message: 'x' } };
  if (dice < 0.24) return { disconnect: true };
  if (dice < 0.28) return { text: words(400), midway: 'disconnect' };
  if (dice < 0.31) return { text: words(10), stopReason: 'refusal' };
  return { text: words(300) };
};

it(`equals the provider’s bill to the nano over ${TURNS} turns with errors, deaths and retries (seed ${SEED})`, async () => {
  const tenant = await createTenant(fixture.database.db);
  fixture.model.setResponder(reply);
  const one = async (nth: number): Promise<void> => {
    const orchestrationId = await createOrchestration(fixture.database.db, tenant);
    const request = {
      model: pick(MODELS, random),
      system: words(50),
      messages: [{ role: 'user' as const, content: words(200) }],
      maxTokens: 2_000,
      turnKey: `agent:brand-${nth}`,
    };
    const { organizationId, userId } = tenant;
    const turn = { organizationId, orchestrationId, userId, agent: null, tries: 12, request };
    for (let tries = 1; tries <= 12; tries++) {
      if (random() < 0.04) fixture.killAt(random() < 0.5 ? 'after-model-answer' : 'after-turn-stored');
      const failed = await attempt(tries, () => heartbeating((given) => answerTurn(fixture.deps, turn, given))).then(
        () => undefined,
        (error: unknown) => error,
      );
      const retried =
        failed instanceof KilledError || (failed as { nonRetryable?: boolean } | undefined)?.nonRetryable === false;
      if (!retried) return;
      await fixture.rest();
    }
  };
  for (let from = 0; from < TURNS; from += 10) await Promise.all(Array.from({ length: 10 }, (_, i) => one(from + i)));

  const sums = await fixture.database.look<{ state: string; n: number; calls: number; cost: string; reserved: string }>(
    `select state, count(*)::int as n, sum(calls)::int as calls, sum(cost_nanos) as cost, sum(reserved_nanos) as reserved
     from usage group by state`,
  );
  const of = (state: string) => sums.find((row) => row.state === state);
  const calls = fixture.model.log.length;
  expect(calls).toBeGreaterThan(TURNS);
  expect(sums.reduce((sum, row) => sum + row.calls, 0)).toBe(calls);
  expect(of('reserved')).toBeUndefined();

  // Every answer that arrived and was kept is on the books at exactly what the provider says.
  const answered = fixture.model.log.filter(({ outcome }) => outcome === 'answered');
  const lost = answered.length - (of('settled')?.n ?? 0);
  const bill = (lines: readonly ModelLogLine[]) => billOf(lines, PRICES).nanos;
  const settledKeys = await fixture.database.look<{ cost: string }>(
    `select cost_nanos as cost from usage where state = 'settled'`,
  );
  const costs = settledKeys.map(({ cost }) => Number(cost)).sort((a, b) => a - b);
  const billed = answered.map((line) => bill([line])).sort((a, b) => a - b);
  for (const cost of costs) {
    const at = billed.indexOf(cost);
    expect(at).toBeGreaterThanOrEqual(0);
    billed.splice(at, 1);
  }
  // What is left over are the answers of tries that died before they could keep them: unknown, at their worst case.
  expect(billed).toHaveLength(lost);
  expect(Number(of('released')?.cost)).toBe(0);
  const unknown = of('unknown');
  expect(Number(unknown?.cost)).toBe(Number(unknown?.reserved));
  const spent = sums.reduce((sum, { cost }) => sum + Number(cost), 0);
  expect(spent).toBeGreaterThanOrEqual(bill(fixture.model.log));
  const windows = await fixture.database.look<{ reserved: string; spent: string }>(
    `select reserved_nanos as reserved, spent_nanos as spent from budget_windows`,
  );
  for (const window of windows) expect([Number(window.reserved), Number(window.spent)]).toEqual([0, spent]);
});

it('equals the provider’s bill to the nano over 1,000 calls of plans and of single requests at once', async () => {
  await expectLedgerToBeTheBill(fixture, 1_000, SEED);
});
