import { toJsonb } from '../contracts/json.ts';
import { randomUUID } from 'node:crypto';
import type { OrganizationTransaction } from '../db/organization.ts';
import { insertAudit } from '../db/queries/organizations.ts';
import type { Principal } from '../contracts/request.ts';

/** Writes down who has done what, in the transaction that does it. `details` never carry a secret. */
export const audit = (
  trx: OrganizationTransaction,
  { organizationId, userId }: Pick<Principal, 'organizationId' | 'userId'>,
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
