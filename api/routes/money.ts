import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  BudgetPolicy,
  BudgetChange,
  BudgetView,
  LedgerEntry,
  USAGE_GROUPS,
  UsageGroup,
  UsageRow,
} from '../../contracts/money.ts';
import {
  changeBudgetPolicy,
  changeLimit,
  JOBS_SUMMED,
  MAX_MONEY_ROWS,
  readBudgetPolicy,
  readBudgets,
  readLedger,
  readUsage,
  type LimitDeps,
  type PolicyDeps,
} from '../../domain/budgets/limits.ts';
import type { ApiEnv } from '../deps.ts';
import { adminsOnly } from '../middleware/authenticate.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

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
  description:
    'Admins see the organization, everybody else their own usage. Days are UTC; the last 30 unless told. By ' +
    `\`orchestration\` only calls of ${JOBS_SUMMED} jobs are summed: the newest that began by the last day.`,
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
      limit: z.coerce.number().int().min(1).max(MAX_MONEY_ROWS).default(100),
    }),
  },
  responses: { 200: jsonResponse(z.object({ entries: z.array(LedgerEntry) }), 'The newest first'), ...PROBLEMS },
});

const Policy = BudgetPolicy.meta({ id: 'BudgetPolicy' });

const getPolicy = createRoute({
  method: 'get',
  path: '/admin/budget-policy',
  tags: ['Money'],
  summary: 'Whether and when agents get a cheaper model because a budget is tight',
  security: BEARER,
  middleware: [adminsOnly] as const,
  responses: { 200: jsonResponse(Policy, 'Shares of the tightest limit'), ...PROBLEMS },
});

const putPolicy = createRoute({
  method: 'put',
  path: '/admin/budget-policy',
  tags: ['Money'],
  summary: 'Decide whether and when agents get a cheaper model',
  description: 'Takes effect with the next call. The ledger shows which calls stepped down, and from where.',
  security: BEARER,
  middleware: [adminsOnly] as const,
  request: { body: { required: true, content: { 'application/json': { schema: Policy } } } },
  responses: { 200: jsonResponse(Policy, 'As it is now'), ...PROBLEMS },
});

/** Budgets, usage, the ledger, and how tiers give way while a budget is tight. */
export const moneyRoutes = (deps: LimitDeps & PolicyDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(getBudgets, async (c) => c.json({ budgets: await readBudgets(deps, c.get('principal')) }, 200))
    .openapi(putBudget, async (c) =>
      c.json({ budgets: await changeLimit(deps, c.get('principal'), c.req.valid('json')) }, 200),
    )
    .openapi(getUsage, async (c) =>
      c.json({ usage: await readUsage(deps, c.get('principal'), c.req.valid('query')) }, 200),
    )
    .openapi(getLedger, async (c) =>
      c.json({ entries: await readLedger(deps, c.get('principal'), c.req.valid('query')) }, 200),
    )
    .openapi(getPolicy, async (c) => c.json(await readBudgetPolicy(deps, c.get('principal')), 200))
    .openapi(putPolicy, async (c) =>
      c.json(await changeBudgetPolicy(deps, c.get('principal'), c.req.valid('json')), 200),
    );
