import { toJsonb } from '../contracts/json.ts';
import { randomUUID } from 'node:crypto';
import { withOrganization, type DatabaseDeps, type OrganizationTransaction } from '../db/organization.ts';
import { insertAudit } from '../db/queries/organizations.ts';
import type { Principal, RequestError } from '../contracts/request.ts';

/** Writes down who has done what, in the transaction that does it. `details` never carry a secret. */
export const audit = (
  trx: OrganizationTransaction,
  { organizationId, userId }: { readonly organizationId: string; readonly userId: string | null },
  action: string,
  subject: string,
  details: Record<string, unknown> = {},
  outcome: 'done' | 'rejected' = 'done',
) =>
  insertAudit(trx, {
    organization_id: organizationId,
    id: randomUUID(),
    user_id: userId,
    action,
    subject,
    outcome,
    details: toJsonb(details),
  });

/** Writes down who has tried what they may not, in a transaction of its own, and passes the refusal on. */
export async function auditRefusal(
  { db }: DatabaseDeps,
  by: Pick<Principal, 'organizationId' | 'userId'>,
  [action, subject]: readonly [action: string, subject: string],
  refusal: RequestError,
  details: Record<string, unknown> = {},
): Promise<never> {
  await withOrganization(db, by.organizationId, (trx) =>
    audit(trx, by, action, subject, { ...details, reason: refusal.message }, 'rejected'),
  );
  throw refusal;
}
