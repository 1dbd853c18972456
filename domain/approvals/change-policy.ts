import type { ApprovalPolicy, ApprovalPolicyView } from '../../contracts/approval.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';
import { withOrganization } from '../../db/organization.ts';
import { rolesOf, getApprovalPolicy, setApprovalPolicy } from '../../db/queries/organizations.ts';
import { audit } from '../audit.ts';
import type { DatabaseDeps } from '../deps.ts';

/** When a human is asked, and who may answer. */
export const readApprovalPolicy = ({ db }: DatabaseDeps, { organizationId }: Principal): Promise<ApprovalPolicyView> =>
  withOrganization(db, organizationId, getApprovalPolicy);

/**
 * Sets the policy and writes down who did, in one transaction.
 * @throws RequestError 400 with the fields that name somebody unknown
 */
export const changeApprovalPolicy = (
  { db }: DatabaseDeps,
  by: Principal,
  policy: ApprovalPolicy,
): Promise<ApprovalPolicyView> =>
  withOrganization(db, by.organizationId, async (trx) => {
    const named = namedIn(policy);
    const known = await rolesOf(trx, named);
    const unknown = named.filter((id) => !known.has(id));
    if (unknown.length > 0)
      throw new RequestError(
        'invalid-request',
        `Nobody in this organization has the id ${unknown.join(', ')}.`,
        unknown.map((id) => ({ path: fieldOf(policy, id), message: `Nobody in this organization has the id ${id}.` })),
      );
    await setApprovalPolicy(trx, by.organizationId, policy);
    await audit(trx, by, 'approval-policy.set', by.organizationId, policy);
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
