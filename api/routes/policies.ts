import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { ApprovalPolicy, ApprovalPolicyView } from '../../contracts/approval.ts';
import { AccessPolicy } from '../../contracts/request.ts';
import { changeAccessPolicy, readAccessPolicy } from '../../domain/access/access.ts';
import { changeApprovalPolicy, readApprovalPolicy } from '../../domain/approvals/policy.ts';
import { DelegationSetting } from '../../contracts/tools.ts';
import { changeDelegation, readDelegation } from '../../domain/delegation/delegate.ts';
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

const Delegation = DelegationSetting.meta({ id: 'Delegation' });

const getDelegation = createRoute({
  method: 'get',
  path: '/admin/delegation',
  tags: ['Tools'],
  summary: 'Whether work may be handed to coding agents',
  security: BEARER,
  middleware: [adminsOnly] as const,
  responses: { 200: jsonResponse(Delegation, 'Off until an admin allows it'), ...PROBLEMS },
});

const putDelegation = createRoute({
  method: 'put',
  path: '/admin/delegation',
  tags: ['Tools'],
  summary: 'Allow or forbid that work is handed to coding agents',
  description:
    'They read, write and run code on the machine of a worker, kept away from everything of Nubabel. A human is asked ' +
    'before every task. Takes effect with the next call, also of calls that wait.',
  security: BEARER,
  middleware: [adminsOnly] as const,
  request: { body: { required: true, content: { 'application/json': { schema: Delegation } } } },
  responses: { 200: jsonResponse(Delegation, 'As it is now'), ...PROBLEMS },
});

const Access = AccessPolicy.meta({ id: 'AccessPolicy' });

const getAccess = createRoute({
  method: 'get',
  path: '/admin/access-policy',
  tags: ['Access'],
  summary: 'What admins may see of other people’s work',
  description: 'Everybody else sees their own work, conversations they take part in, and what they are asked about.',
  security: BEARER,
  middleware: [adminsOnly] as const,
  responses: { 200: jsonResponse(Access, 'The policy in force'), ...PROBLEMS },
});

const putAccess = createRoute({
  method: 'put',
  path: '/admin/access-policy',
  tags: ['Access'],
  summary: 'Decide what admins may see of other people’s work',
  security: BEARER,
  middleware: [adminsOnly] as const,
  request: { body: { required: true, content: { 'application/json': { schema: Access } } } },
  responses: { 200: jsonResponse(Access, 'The policy as it is now'), ...PROBLEMS },
});

/** The organization's policies: of approvals, of who sees what, and whether coding agents may work for it. */
export const policyRoutes = (deps: DatabaseDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(getPolicy, async (c) => c.json(await readApprovalPolicy(deps, c.get('principal')), 200))
    .openapi(putPolicy, async (c) =>
      c.json(await changeApprovalPolicy(deps, c.get('principal'), c.req.valid('json')), 200),
    )
    .openapi(getDelegation, async (c) => c.json(await readDelegation(deps, c.get('principal')), 200))
    .openapi(putDelegation, async (c) =>
      c.json(await changeDelegation(deps, c.get('principal'), c.req.valid('json')), 200),
    )
    .openapi(getAccess, async (c) => c.json(await readAccessPolicy(deps, c.get('principal')), 200))
    .openapi(putAccess, async (c) =>
      c.json(await changeAccessPolicy(deps, c.get('principal'), c.req.valid('json')), 200),
    );
