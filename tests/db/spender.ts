import { randomUUID } from 'node:crypto';
import { openDatabase } from '../../db/database.ts';
import { withOrganization } from '../../db/organization.ts';
import { NoRoomInBudgetError, reserve } from '../../db/queries/budget.ts';
import { closeEnvelope, openEnvelope } from '../../db/queries/envelopes.ts';
import { release, settle, settleAsUnknown } from '../../db/queries/settle.ts';
import { createRandom, pick } from '../../tools/routing/random.ts';

/** What a spender is told on its command line. */
export interface Orders {
  readonly url: string;
  readonly organizationId: string;
  readonly userId: string;
  readonly orchestrationIds: readonly [string, ...string[]];
  readonly limits: { readonly userDayNanos: number; readonly organizationMonthNanos: number };
  readonly seed: number;
}

const TOKENS = { inputTokens: 1, outputTokens: 1, cacheWriteTokens: 0, cacheReadTokens: 0 };

/** A process that spends until it is killed; it says a line after each thing it did. */
async function spend({ url, organizationId, userId, orchestrationIds, limits, seed }: Orders): Promise<never> {
  const { db } = openDatabase(url, 2);
  const random = createRandom(seed);
  const inside = <T>(work: Parameters<typeof withOrganization<T>>[2]) => withOrganization(db, organizationId, work);
  // What a slow reader has not room for would wait in this process, and die with it.
  const tell = (what: string) =>
    new Promise<void>((resolve, reject) => {
      process.stdout.write(`${what}\n`, (error) => (error ? reject(error) : resolve()));
    });
  const amount = () => 1 + Math.floor(random() * 400);
  const call = async (orchestrationId: string) => {
    const id = randomUUID();
    const nanos = amount();
    const who = { id, organizationId, orchestrationId, userId, turnKey: id, agent: null, model: 'm' };
    const expiresInSeconds = random() < 0.2 ? -1 : 900;
    await inside((trx) => reserve(trx, { ...who, nanos, expiresInSeconds }, limits));
    await tell(`reserved ${id}`);
    const dice = random();
    if (dice < 0.7) await inside((trx) => settle(trx, id, Math.floor(random() * nanos), TOKENS));
    else if (dice < 0.8) await inside((trx) => release(trx, id));
    else if (dice < 0.9) await inside((trx) => settleAsUnknown(trx, { orchestrationId, turnKey: id }));
    await tell(`ended ${id}`);
  };
  const plan = (orchestrationId: string) =>
    inside((trx) =>
      openEnvelope(
        trx,
        { organizationId, orchestrationId, userId, nanos: amount() * 3, expiresInSeconds: 900 },
        limits,
      ),
    );
  for (;;) {
    const orchestrationId = pick(orchestrationIds, random);
    const dice = random();
    const act = dice < 0.7 ? call(orchestrationId) : dice < 0.9 ? plan(orchestrationId) : undefined;
    await (act ?? inside((trx) => closeEnvelope(trx, orchestrationId))).catch((error: unknown) => {
      if (!(error instanceof NoRoomInBudgetError)) throw error;
    });
    await tell('done');
  }
}

await spend(JSON.parse(process.argv[2] ?? '') as Orders);
