import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { randomUUID } from 'node:crypto';
import { ApprovalPolicy, ApprovalPolicyView } from '../../contracts/approval.ts';
import { withOrganization } from '../../db/organization.ts';
import { insertAudit, rolesOf } from '../../db/queries/people.ts';
import { getApprovalPolicy, setApprovalPolicy } from '../../db/queries/policies.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { adminsOnly } from '../middleware/authenticate.ts';
import { ProblemError } from '../problems.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const View = ApprovalPolicyView.meta({ id: 'ApprovalPolicy' });

const getPolicy = createRoute({
  method: 'get',
  path: '/admin/approval-policy',
  tags: ['Approvals'],
  summary: 'When a human is asked, and who may answer',
  security: BEARER,
  middleware: [adminsOnly] as const,
  responses: { 200: jsonResponse(View, 'The policy in force; version 0 is the default'), ...PROBLEMS },
});

const putPolicy = createRoute({
  method: 'put',
  path: '/admin/approval-policy',
  tags: ['Approvals'],
  summary: 'Set the approval policy',
  description:
    'Replaces the whole policy; left-out fields get their defaults. Questions that wait keep what was shown.',
  security: BEARER,
  middleware: [adminsOnly] as const,
  request: {
    body: {
      required: true,
      content: { 'application/json': { schema: ApprovalPolicy.meta({ id: 'ApprovalPolicyChange' }) } },
    },
  },
  responses: { 200: jsonResponse(View, 'The policy as it is now'), ...PROBLEMS },
});

/** The organization's approval policy. */
export const policyRoutes = (deps: ApiDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(getPolicy, async (c) => {
      const view = await withOrganization(deps.db, c.get('principal').organizationId, getApprovalPolicy);
      return c.json(view, 200);
    })
    .openapi(putPolicy, async (c) => {
      const view = await changePolicy(deps, c.get('principal'), c.req.valid('json'));
      return c.json(view, 200);
    });

/** Sets the policy and writes down who did, in one transaction. */
const changePolicy = (
  deps: ApiDeps,
  { organizationId, userId }: ApiEnv['Variables']['principal'],
  policy: ApprovalPolicy,
): Promise<ApprovalPolicyView> =>
  withOrganization(deps.db, organizationId, async (trx) => {
    const named = namedIn(policy);
    const known = await rolesOf(trx, named);
    const unknown = named.filter((id) => !known.has(id));
    if (unknown.length > 0)
      throw new ProblemError(
        'invalid-request',
        `Nobody in this organization has the id ${unknown.join(', ')}.`,
        unknown.map((id) => ({ path: fieldOf(policy, id), message: `Nobody in this organization has the id ${id}.` })),
      );
    await setApprovalPolicy(trx, organizationId, policy);
    await insertAudit(trx, {
      organization_id: organizationId,
      id: randomUUID(),
      user_id: userId,
      action: 'approval-policy.set',
      subject: organizationId,
      outcome: 'done',
      details: JSON.stringify(policy),
    });
    return getApprovalPolicy(trx);
  });

/** Where a policy names a person. */
function fieldOf({ users, escalation }: ApprovalPolicy, id: string): string {
  if (users.includes(id)) return 'users';
  return escalation?.users.includes(id) ? 'escalation.users' : 'delegates';
}

const namedIn = ({ users, escalation, delegates }: ApprovalPolicy): string[] => [
  ...new Set([
    ...users,
    ...(escalation?.users ?? []),
    ...delegates.flatMap(({ userId, delegateId }) => [userId, delegateId]),
  ]),
];
