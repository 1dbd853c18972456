import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { randomUUID } from 'node:crypto';
import { BudgetPolicy } from '../../contracts/budget.ts';
import { withOrganization } from '../../db/organization.ts';
import { insertAudit } from '../../db/queries/people.ts';
import { findBudgetPolicy, setBudgetPolicy } from '../../db/queries/pressure.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { adminsOnly } from '../middleware/authenticate.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

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

/** How tiers give way while a budget is tight. */
export const budgetPolicyRoutes = (deps: ApiDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(getPolicy, async (c) => {
      const policy = await withOrganization(deps.db, c.get('principal').organizationId, findBudgetPolicy);
      return c.json(policy ?? deps.defaultPolicy, 200);
    })
    .openapi(putPolicy, async (c) => {
      const policy = c.req.valid('json');
      await changePolicy(deps, c.get('principal'), policy);
      return c.json(policy, 200);
    });

/** Sets the policy and writes down who did, in one transaction. */
const changePolicy = (
  deps: ApiDeps,
  { organizationId, userId }: ApiEnv['Variables']['principal'],
  policy: BudgetPolicy,
): Promise<void> =>
  withOrganization(deps.db, organizationId, async (trx) => {
    await setBudgetPolicy(trx, organizationId, policy);
    await insertAudit(trx, {
      organization_id: organizationId,
      id: randomUUID(),
      user_id: userId,
      action: 'budget-policy.set',
      subject: organizationId,
      outcome: 'done',
      details: JSON.stringify(policy),
    });
  });
