import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { withOrganization } from '../../db/organization.ts';
import { countDecisions, DECISIONS_LOOKED_AT, listDecisions, type DecisionCount } from '../../db/queries/routing.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTenant, type Tenant } from './world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());

const WAYS = ['local', 'model', 'override', 'request'] as const;

/** So many decisions, one a minute, the oldest first in number; every seventh is in Korean. */
async function decide(count: number): Promise<Tenant> {
  const tenant = await createTenant(database.db);
  await database.look(
    `insert into orchestrations (organization_id, id, session_id, user_id, source, message, language, route, local_route,
       created_at)
     select '${tenant.organizationId}', gen_random_uuid(), '${tenant.sessionId}', '${tenant.userId}', 'rest', 'Request ' || n,
       case when n % 7 = 0 then 'ko' else 'en' end, jsonb_build_object('decidedBy', (array['${WAYS.join(`','`)}'])[1 + n % 4],
         'agents', jsonb_build_array(jsonb_build_object('agent', case when n % 2 = 0 then 'ops' else 'brand' end))),
       jsonb_build_object('textHash', 'words ' || n % 5), now() - (${count} - n) * interval '1 minute'
     from generate_series(1, ${count}) as n`,
  );
  return tenant;
}

const teach = (tenant: Tenant, agents: readonly string[], about: { text?: string; job?: string }) =>
  database.look(
    `insert into routing_overrides (organization_id, id, text, text_hash, language, agents, orchestration_id)
     values ($1, $2, 'x', $3, 'en', $4, $5)`,
    [tenant.organizationId, randomUUID(), about.text ?? randomUUID(), JSON.stringify(agents), about.job ?? null],
  );

interface Decided extends Record<string, unknown> {
  readonly id: string;
  readonly language: string;
  readonly way: DecisionCount['decidedBy'];
  readonly agent: string;
  readonly words: string;
}

describe('the figures of the routing', () => {
  it('are those of the newest requests, to the last one, whether an override names the job or its words', async () => {
    const tenant = await decide(60);
    const jobs = await database.look<Decided>(
      `select id, language, route->>'decidedBy' as way, route->'agents'->0->>'agent' as agent,
         local_route->>'textHash' as words from orchestrations where organization_id = '${tenant.organizationId}'
       order by created_at desc`,
    );
    const named = [jobs[0], jobs[3], jobs[10], jobs[50]].flatMap((job) => job?.id ?? []);
    for (const job of named) await teach(tenant, ['ops'], { job });
    // Both of the same words, and one of them of a job that is named as well.
    await teach(tenant, ['brand'], { text: 'words 1' });
    await teach(tenant, ['growth'], { text: 'words 3' });
    const isOverridden = ({ id, agent, words }: Decided) =>
      (named.includes(id) && agent !== 'ops') || (words === 'words 1' && agent !== 'brand') || words === 'words 3';
    for (const most of [1, 25, 60, 10_000]) {
      const newest = jobs.slice(0, most).filter(({ way }) => way !== 'request');
      const counts = await withOrganization(database.db, tenant.organizationId, (trx) =>
        countDecisions(trx, { days: 90, most }),
      );
      for (const language of ['en', 'ko'])
        for (const way of WAYS) {
          const mine = newest.filter((job) => job.language === language && job.way === way);
          const counted = counts.find((count) => count.language === language && count.decidedBy === way);
          expect([most, language, way, counted?.decisions ?? 0, counted?.overridden ?? 0]).toEqual([
            most,
            language,
            way,
            mine.length,
            mine.filter(isOverridden).length,
          ]);
        }
    }
  });

  it('leave out what is older than the days they are of', async () => {
    const tenant = await decide(3);
    await database.look(
      `update orchestrations set created_at = now() - interval '91 days' where organization_id = '${tenant.organizationId}'`,
    );
    const look = (days: number) =>
      withOrganization(database.db, tenant.organizationId, (trx) => countDecisions(trx, { days, most: 100 }));
    expect(await look(90)).toEqual([]);
    expect(await look(92)).not.toEqual([]);
  });
});

describe('the list of decisions', () => {
  it('is read page after page to its end, whatever it is filtered by', async () => {
    const tenant = await decide(DECISIONS_LOOKED_AT + 300);
    const viewer = { userId: tenant.userId, role: 'admin' } as const;
    const [{ kept } = { kept: 0 }] = await database.look<{ kept: number }>(
      `with oldest as (select id from orchestrations where organization_id = '${tenant.organizationId}'
         order by created_at limit 2)
       update orchestrations set route = jsonb_set(route, '{decidedBy}', '"keywords"') where id in (select id from oldest)
       returning 2 as kept`,
    );
    const read = async (filter: Parameters<typeof listDecisions>[2]) => {
      const ids: string[] = [];
      let pages = 0;
      for (let before: string | undefined; ;) {
        const from = { ...filter, ...(before !== undefined && { before }) };
        const page = await withOrganization(database.db, tenant.organizationId, (trx) =>
          listDecisions(trx, viewer, from, 100),
        );
        ids.push(...page.decisions.map(({ id }) => id));
        pages++;
        if (page.next === null) return { ids, pages };
        before = page.next;
      }
    };
    const rare = await read({ limit: 10, decidedBy: 'keywords' });
    expect([rare.ids.length, rare.pages]).toEqual([kept, 2]);
    const everything = await read({ limit: 200 });
    expect(new Set(everything.ids).size).toBe(DECISIONS_LOOKED_AT + 300);
    expect(everything.ids).toHaveLength(DECISIONS_LOOKED_AT + 300);
  });
});
