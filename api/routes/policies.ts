import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { ApprovalPolicy, ApprovalPolicyView } from '../../contracts/approval.ts';
import { changeApprovalPolicy, readApprovalPolicy } from '../../domain/approvals/policy.ts';
import type { DatabaseDeps } from '../../domain/deps.ts';
import type { ApiEnv } from '../deps.ts';
import { adminsOnly } from '../middleware/authenticate.ts';
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
export const policyRoutes = (deps: DatabaseDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(getPolicy, async (c) => c.json(await readApprovalPolicy(deps, c.get('principal')), 200))
    .openapi(putPolicy, async (c) =>
      c.json(await changeApprovalPolicy(deps, c.get('principal'), c.req.valid('json')), 200),
    );
