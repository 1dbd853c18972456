import { sql } from 'kysely';
import { ApprovalPolicy, type ApprovalPolicyView } from '../../contracts/approval.ts';
import type { OrganizationTransaction } from '../organization.ts';

/** The organization's policy, or the safe default at version 0. */
export async function getApprovalPolicy(trx: OrganizationTransaction): Promise<ApprovalPolicyView> {
  const row = await trx.selectFrom('approval_policies').selectAll().executeTakeFirst();
  return {
    // Parsed, so that a document from before a field was added has its default.
    policy: ApprovalPolicy.parse(row?.document ?? {}),
    version: row?.version ?? 0,
    updatedAt: row?.updated_at.toISOString() ?? null,
  };
}

/** Takes effect with the next question; those that wait keep what was shown. */
export const setApprovalPolicy = (trx: OrganizationTransaction, organizationId: string, policy: ApprovalPolicy) =>
  trx
    .insertInto('approval_policies')
    .values({ organization_id: organizationId, document: JSON.stringify(policy) })
    .onConflict((conflict) =>
      conflict.column('organization_id').doUpdateSet((eb) => ({
        document: eb.ref('excluded.document'),
        version: eb('approval_policies.version', '+', 1),
        updated_at: sql<string>`now()`,
      })),
    )
    .execute();
