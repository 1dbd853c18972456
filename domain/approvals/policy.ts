import type { AnswerPolicy, ApprovalPolicyView } from '../../contracts/approval.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { rolesOf } from '../../db/queries/people.ts';
import { getApprovalPolicy } from '../../db/queries/policies.ts';
import { answerPolicy, type ApprovalRules } from './approval.ts';

/** The organization's policy, and who may answer a question that is asked under it now. */
export async function policyNow(
  trx: OrganizationTransaction,
  rules: ApprovalRules,
  { askerId, now }: { askerId: string | null; now: number },
): Promise<ApprovalPolicyView & { answers: AnswerPolicy }> {
  const view = await getApprovalPolicy(trx);
  const { delegates } = view.policy;
  const roles = await rolesOf(
    trx,
    delegates.map(({ userId }) => userId),
  );
  return { ...view, answers: answerPolicy(view, rules, { askerId, roles, now }) };
}
