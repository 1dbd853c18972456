import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { withOrganization } from '../../../db/organization.ts';
import { changeOrchestration, lockOrchestration } from '../../../db/queries/orchestrations.ts';
import { putWorkspace } from '../../../db/queries/organizations.ts';
import { handleMessage, type ThreadDeps } from '../../../domain/threads/handle-message.ts';
import { keysOf, type ThreadMessage } from '../../../domain/threads/thread-message.ts';
import { createOrchestration, createTenant } from '../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());

const TEAM = 'T1';
const message: ThreadMessage = {
  teamId: TEAM,
  eventId: 'Ev1',
  channelId: 'C1',
  direct: false,
  slackUserId: 'U1',
  text: 'Include the third quarter too',
  mentionsBot: false,
  addressesOthers: false,
  quoted: [],
  ts: '2.0',
  threadTs: '1.0',
  isReply: true,
};

it('a reply to work that ends at the same moment is a request that follows it', async () => {
  const tenant = await createTenant(database.db, 'Acme', { slack_team_id: TEAM, slack_user_id: message.slackUserId });
  const { organizationId } = tenant;
  const inside = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
    withOrganization(database.db, organizationId, work);
  await inside((trx) =>
    putWorkspace(trx, { organization_id: organizationId, team_id: TEAM, name: 'Acme', bot_user_id: 'B1' }),
  );
  const thread = { slack_team_id: TEAM, slack_channel_id: message.channelId, slack_thread_ts: message.threadTs };
  const id = await createOrchestration(database.db, tenant, { source: 'slack', status: 'running', ...thread });
  const delivered: string[] = [];
  const deps = {
    db: database.db,
    log: { warn: () => undefined },
    wakeReaders: () => undefined,
    dispatcher: { now: async ({ kind }: { kind: string }) => void delivered.push(kind) },
    router: { route: () => ({ abstained: true, agents: [], alternatives: [], confidence: 0, reason: '' }) },
    routingCache: false,
    demo: false,
    unknownUsers: 'create',
    loadProfile: async () => ({ standing: 'member' }),
  } as unknown as ThreadDeps;
  let handled: Promise<unknown> | undefined;
  await inside(async (trx) => {
    await lockOrchestration(trx, id);
    handled = handleMessage(deps, TEAM, () => message);
    await eventually('the reply to wait', async () => {
      const waiting = await database.look(
        `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return waiting.length > 0;
    });
    await changeOrchestration(trx, {
      organizationId,
      id,
      set: { status: 'completed' },
      event: 'orchestration_completed',
    });
  });
  await expect(handled).resolves.toBeUndefined();
  expect(delivered).toEqual(['request']);
  expect(await database.look('select message from orchestrations where id <> $1', [id])).toEqual([
    { message: message.text },
  ]);
  expect(await database.look('select id from steering')).toEqual([]);
  expect(await database.look('select key from inbox_keys order by key')).toEqual(
    keysOf(message)
      .sort()
      .map((key) => ({ key })),
  );
});
