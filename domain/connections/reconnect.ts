import { randomUUID } from 'node:crypto';
import { mayAnswer } from '../../contracts/approval-rules.ts';
import type { Decision } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { claimKeys, insertDelivery, type InboxRow } from '../../db/queries/inbox.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import type { Principal } from '../../db/queries/people.ts';
import { listWaitingForConnection } from '../../db/queries/waiting.ts';
import { audit } from '../audit.ts';
import type { ApiDeps } from '../../api/deps.ts';

type Deps = Pick<ApiDeps, 'db' | 'handOver' | 'wakeReaders' | 'log'>;

/**
 * Lets everything go on that waits for access over a connection, in the name of the person who has just restored it:
 * each waiting question is answered with "retry", as a delivery like any other decision. Where the question is not for
 * this person to answer it waits for somebody else. Never throws: the access stands whatever becomes of this.
 */
export async function resumeWaiting(deps: Deps, principal: Principal, connectionId: string): Promise<void> {
  const { organizationId, userId } = principal;
  try {
    const deliveries = await withOrganization(deps.db, organizationId, async (trx) => {
      const waiting = (await listWaitingForConnection(trx, connectionId)).filter((each) => mayRetry(principal, each));
      const written: (InboxRow | undefined)[] = [];
      for (const each of waiting) written.push(await writeDecision(trx, principal, each));
      return written.filter((each) => each !== undefined);
    });
    if (deliveries.length > 0) deps.wakeReaders(organizationId);
    for (const delivery of deliveries) await deps.handOver.now(delivery);
  } catch (error) {
    deps.log.warn(
      { err: error, connectionId, userId },
      'work that waits for a connection was not told that it is back',
    );
  }
}

function mayRetry({ userId, role }: Principal, { approval, user_id: askerId }: Orchestration): boolean {
  if (!approval?.choices?.includes('retry')) return false;
  return mayAnswer(approval.policy, { userId, role, isAsker: userId === askerId }, Date.now(), 'retry');
}

/** Undefined when this person has answered this question so already. */
async function writeDecision(
  trx: OrganizationTransaction,
  principal: Principal,
  { id: orchestrationId, approval, user_id: askerId }: Orchestration,
): Promise<InboxRow | undefined> {
  const { organizationId, userId, role } = principal;
  const body = {
    verdict: 'approve',
    choice: 'retry',
    userId,
    role,
    isAsker: userId === askerId,
    via: 'rest',
    ...(approval && { approvalId: approval.id, hash: approval.hash }),
  } satisfies Decision;
  const id = randomUUID();
  const keys = [`reconnect:${approval?.id}:${userId}`];
  if (!(await claimKeys(trx, { organizationId, id, keys }))) return undefined;
  await insertDelivery(trx, { organizationId, id, source: 'rest', kind: 'decision', orchestrationId, body, keys });
  const details = { verdict: body.verdict, choice: body.choice, approvalId: approval?.id, hash: approval?.hash };
  await audit(trx, principal, 'approval.decide', orchestrationId, { ...details, because: 'reconnected' });
  return {
    organization_id: organizationId,
    id,
    source: 'rest',
    kind: 'decision',
    orchestration_id: orchestrationId,
    body,
    received_at: new Date(),
    handed_over_at: null,
    attempts: 0,
    last_error: null,
  };
}
