import { afterAll, beforeAll, it } from '@jest/globals';
import { createRandom } from '../../tools/routing/random.ts';
import { askAs, crowdServed, expectCrowdServedOnce, type Crowd } from '../support/crowd.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { ledgerOf, paidTwice } from '../support/score.ts';

const SEED = Number(process.env['NUBABEL_TEST_SEED'] ?? 20261121);
const REQUESTS = 150;
const KILLS = 30;

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel({
    slack: { limits: 'off', retryDelaysMs: [0, 500, 1_000, 2_000, 4_000, 8_000] },
    env: { DEFAULT_DAILY_BUDGET_CENTS: '100000' },
  });
}, 60_000);
afterAll(() => nubabel?.close());

it(`${KILLS} kills of worker and API at random lose nothing and double nothing (seed ${SEED})`, async () => {
  const random = createRandom(SEED);
  const crowd: Crowd = { jobs: [], threads: [] };
  const startOfKills = Date.now();
  let asked = 0;
  const people = (async () => {
    for (let nth = 0; nth < REQUESTS; nth++) {
      // The same person tries again until it is accepted; the idempotency key makes that safe.
      await eventually(
        `request ${nth} to be accepted`,
        () =>
          askAs(nubabel, crowd, nth).then(
            () => true,
            () => false,
          ),
        60_000,
      );
      asked = nth + 1;
    }
  })();
  for (let kill = 1; kill <= KILLS; kill++) {
    const due = Math.floor((REQUESTS * kill) / (KILLS + 1));
    await eventually(`request ${due}`, () => asked >= due, 120_000);
    const victim = random() < 0.6 ? 'worker' : 'api';
    await nubabel.kill(victim);
    await nubabel.start(victim);
  }
  await people;
  await crowdServed(nubabel, crowd, 240_000);
  const ledger = await ledgerOf(nubabel);
  const seconds = Math.round((Date.now() - startOfKills) / 1_000);
  process.stderr.write(
    `random kills: seed ${SEED}, ${REQUESTS} requests, ${KILLS} kills, ${seconds} s, lost 0, ` +
      `answers paid again after dying on the way ${paidTwice(nubabel).length}, unknown in the ledger ${ledger.unknown}\n`,
  );
  await expectCrowdServedOnce(nubabel, crowd);
}, 600_000);
