import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { randomUUID } from 'node:crypto';
import { BudgetChange, BudgetView, LedgerEntry, USAGE_GROUPS, UsageGroup, UsageRow } from '../../contracts/budget.ts';
import { withOrganization } from '../../db/organization.ts';
import { findUser, insertAudit } from '../../db/queries/people.ts';
import { listBudgets, listLedger, setLimit, sumUsage } from '../../db/queries/usage.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { adminsOnly } from '../middleware/authenticate.ts';
import { notFound } from '../problems.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const MAX_ROWS = 1_000;
const Budgets = z.object({ budgets: z.array(BudgetView.meta({ id: 'Budget' })) });
const Day = z.iso.date();

const getBudgets = createRoute({
  method: 'get',
  path: '/admin/budgets',
  tags: ['Money'],
  summary: 'Limits, and what has gone through their present windows',
  security: BEARER,
  middleware: [adminsOnly] as const,
  responses: { 200: jsonResponse(Budgets, 'The organization first, then its people'), ...PROBLEMS },
});

const putBudget = createRoute({
  method: 'put',
  path: '/admin/budgets',
  tags: ['Money'],
  summary: 'Set a limit',
  description: 'Takes effect with the next call; calls under way keep what they have reserved.',
  security: BEARER,
  middleware: [adminsOnly] as const,
  request: {
    body: { required: true, content: { 'application/json': { schema: BudgetChange.meta({ id: 'BudgetChange' }) } } },
  },
  responses: { 200: jsonResponse(Budgets, 'All limits as they are now'), ...PROBLEMS },
});

const getUsage = createRoute({
  method: 'get',
  path: '/usage',
  tags: ['Money'],
  summary: 'What was spent, summed by day, user, agent, model, orchestration',
  description: 'Admins see the organization, everybody else their own usage. Days are UTC; the last 30 unless told.',
  security: BEARER,
  request: {
    query: z.object({
      groupBy: z
        .string()
        .default('day')
        .transform((text) => text.split(',').filter(Boolean))
        .pipe(z.array(UsageGroup).max(USAGE_GROUPS.length)),
      from: Day.optional(),
      to: Day.optional(),
    }),
  },
  responses: { 200: jsonResponse(z.object({ usage: z.array(UsageRow) }), 'The dearest first'), ...PROBLEMS },
});

const getLedger = createRoute({
  method: 'get',
  path: '/admin/ledger',
  tags: ['Money'],
  summary: 'Every model call with what was reserved and what it cost',
  security: BEARER,
  middleware: [adminsOnly] as const,
  request: {
    query: z.object({
      jobId: z.uuid().optional(),
      before: z.iso.datetime().optional(),
      limit: z.coerce.number().int().min(1).max(MAX_ROWS).default(100),
    }),
  },
  responses: { 200: jsonResponse(z.object({ entries: z.array(LedgerEntry) }), 'The newest first'), ...PROBLEMS },
});

const DEFAULT_DAYS = 30;
const dayBefore = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

/** Budgets, usage and the ledger. */
export const moneyRoutes = (deps: ApiDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(getBudgets, async (c) => {
      const { organizationId } = c.get('principal');
      const budgets = await withOrganization(deps.db, organizationId, (trx) => listBudgets(trx, deps.defaultLimits));
      return c.json({ budgets }, 200);
    })
    .openapi(putBudget, async (c) => {
      const budgets = await changeLimit(deps, c.get('principal'), c.req.valid('json'));
      return c.json({ budgets }, 200);
    })
    .openapi(getUsage, async (c) => {
      const { organizationId, userId, role } = c.get('principal');
      const { groupBy, from = dayBefore(DEFAULT_DAYS), to = dayBefore(0) } = c.req.valid('query');
      const only = role === 'admin' ? {} : { userId };
      const query = { groups: [...new Set(groupBy)], from, to, limit: MAX_ROWS, ...only };
      const usage = await withOrganization(deps.db, organizationId, (trx) => sumUsage(trx, query));
      return c.json({ usage }, 200);
    })
    .openapi(getLedger, async (c) => {
      const { jobId, before, limit } = c.req.valid('query');
      const entries = await withOrganization(deps.db, c.get('principal').organizationId, (trx) =>
        listLedger(trx, { orchestrationId: jobId, before, limit }),
      );
      return c.json({ entries }, 200);
    });

/** Sets the limit and writes down who did, in one transaction. */
const changeLimit = (
  deps: ApiDeps,
  { organizationId, userId }: ApiEnv['Variables']['principal'],
  change: BudgetChange,
): Promise<BudgetView[]> =>
  withOrganization(deps.db, organizationId, async (trx) => {
    if (change.userId && !(await findUser(trx, change.userId))) throw notFound('user');
    await setLimit(trx, organizationId, change);
    await insertAudit(trx, {
      organization_id: organizationId,
      id: randomUUID(),
      user_id: userId,
      action: 'budget.set',
      subject: change.userId ?? organizationId,
      outcome: 'done',
      details: JSON.stringify(change),
    });
    return listBudgets(trx, deps.defaultLimits);
  });
