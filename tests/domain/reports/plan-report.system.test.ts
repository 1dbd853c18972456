import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSlackActivities } from '../../../activities/slack.ts';
import { toReportMessage } from '../../../adapters/slack/report-message.ts';
import type { SlackMessage, SlackPort } from '../../../domain/reports/slack-port.ts';
import { withOrganization } from '../../../db/organization.ts';
import { insertHealing } from '../../../db/queries/healing.ts';
import { insertPlan, listPlansOf } from '../../../db/queries/plans.ts';
import { insertSteering } from '../../../db/queries/steering.ts';
import { insertPlanSteps } from '../../../db/queries/steps.ts';
import { createOrchestration, createTenant, type Tenant } from '../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { attempt } from '../models/turn-fixture.ts';
import { sampleHealing, samplePlan, sampleSteering, sampleStoredPlan } from '../planning/plan-samples.ts';

let database: TestDatabase;
let tenant: Tenant;
beforeAll(async () => {
  database = await openTestDatabase();
  tenant = await createTenant(database.db);
});
afterAll(() => database?.drop());

/** An orchestration at work on a plan in its second revision, healed twice and spoken to twice. */
async function plannedWork(): Promise<string> {
  const { organizationId } = tenant;
  const plan_decision = JSON.stringify({ used: true, reason: 'asked', signals: [] });
  const id = await createOrchestration(database.db, tenant, {
    source: 'slack',
    status: 'running',
    step: 'Working',
    slack_team_id: 'T',
    slack_channel_id: 'C',
    slack_thread_ts: '1.1',
    plan_decision,
  });
  const owner = { organization_id: organizationId, orchestration_id: id };
  await withOrganization(database.db, organizationId, async (trx) => {
    for (const revision of [1, 2, 3]) {
      const { document, ...row } = sampleStoredPlan(samplePlan({ revision }));
      const state = revision === 3 ? ('rejected' as const) : ('adopted' as const);
      const stored = { ...row, ...owner, revision, state, created_at: row.created_at.toISOString() };
      await insertPlan(trx, { ...stored, document: JSON.stringify(document), problems: '[]' });
    }
    const { steps } = samplePlan();
    await insertPlanSteps(trx, { organizationId, orchestrationId: id, revision: 2, steps, firstPosition: 0 });
    for (const [index, status] of (['failed', 'running'] as const).entries()) {
      const healing = { ...sampleHealing({ attempt: index + 1, ...owner }), status: 'running' as const };
      await insertHealing(trx, { ...healing, root_cause: status, created_at: `2026-11-21T10:00:0${index}Z` });
    }
    for (const message of ['first', 'second']) {
      const { delivered_at: _, ...steering } = sampleSteering({ ...owner, message, user_id: null });
      const own = { ...steering, id: crypto.randomUUID(), status: 'pending' as const };
      await insertSteering(trx, {
        ...own,
        created_at: message === 'first' ? '2026-11-21T10:00Z' : '2026-11-21T10:01Z',
      });
    }
  });
  return id;
}

describe('the message of planned work', () => {
  it('is drawn from the adopted plan, its steps, what was healed and what was said, in order', async () => {
    const id = await plannedWork();
    const posted: SlackMessage[] = [];
    const slack: SlackPort = {
      post: async (_, message) => `1.${posted.push(message)}`,
      update: async () => undefined,
      findPosted: async () => undefined,
      readThread: async () => [],
      sayDirectly: async () => ({ channelId: 'D1', threadTs: '1.1' }),
    };
    const { reportToSlack } = createSlackActivities({
      db: database.db,
      slack,
      renderReport: toReportMessage,
      publicUrl: 'https://nubabel.example',
      reachKillPoint: () => undefined,
    });
    const { organizationId } = tenant;
    await attempt(1, () => reportToSlack({ organizationId, orchestrationId: id }));
    const words = JSON.stringify(posted[0]?.blocks);
    expect(words).toContain('Phase 2/2 `░░░░░░░░ 0 %`');
    expect(words).toMatch(/#2: root cause running.*#1: root cause failed.*second.*first/);
    expect(words).toContain('Spent so far: 0.000¢');
  });

  it('and the list of jobs take the newest adopted plan', async () => {
    const ids = [await plannedWork(), await plannedWork()];
    const plans = await withOrganization(database.db, tenant.organizationId, (trx) => listPlansOf(trx, ids));
    expect(plans.map(({ revision }) => revision)).toEqual([2, 2]);
    expect(plans.map(({ orchestration_id }) => orchestration_id).sort()).toEqual(ids.sort());
  });
});
