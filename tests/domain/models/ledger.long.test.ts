import { afterAll, beforeAll, it } from '@jest/globals';
import { expectLedgerToBeTheBill } from './bill-run.ts';
import { openFixture, type Fixture } from './turn-fixture.ts';

const CALLS = 10_000;
const SEED = Number(process.env['NUBABEL_TEST_SEED'] ?? 10_000);

let fixture: Fixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture?.close());

it(`the ledger equals the provider’s bill to the nano over ${CALLS} calls (seed ${SEED})`, async () => {
  const startedAt = Date.now();
  await expectLedgerToBeTheBill(fixture, CALLS, SEED);
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  process.stderr.write(`ledger: seed ${SEED}, ${CALLS} calls in ${seconds} s, difference to the bill 0 nanos\n`);
}, 600_000);
