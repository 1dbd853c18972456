import { type Principal, RequestError } from '../../contracts/request.ts';
import { withOrganization } from '../../db/organization.ts';
import { listWaitingForConnection } from '../../db/queries/orchestrations.ts';
import { answererOf, decide, isNamed, type DecideDeps } from '../approvals/decide.ts';
import type { LogDeps } from '../deps.ts';

export type ResumeDeps = DecideDeps & LogDeps;

/**
 * Lets everything go on that waits for access over a connection, in the name of the person who has just restored it:
 * each waiting question is answered with "retry", as a recorded decision. Where the question is not for this person to
 * answer it waits for somebody else. Never throws: the access stands whatever becomes of this.
 */
export async function resumeWaiting(deps: ResumeDeps, principal: Principal, connectionId: string): Promise<void> {
  const { organizationId, userId } = principal;
  try {
    const waiting = await withOrganization(deps.db, organizationId, async (trx) => {
      const named = [];
      for (const job of await listWaitingForConnection(trx, connectionId))
        if (isNamed(await answererOf(trx, principal, job), job, 'retry')) named.push(job);
      return named;
    });
    for (const { id, approval } of waiting) {
      if (!approval?.choices?.includes('retry')) continue;
      const answer = { verdict: 'approve', choice: 'retry', reason: 'reconnected', approvalId: approval.id } as const;
      const entry = { kind: 'recorded', via: 'rest', keys: [`reconnect:${approval.id}:${userId}`] } as const;
      await decide(deps, principal, id, { ...answer, hash: approval.hash }, entry).catch(unlessRefused);
    }
  } catch (error) {
    deps.log.warn(
      { err: error, connectionId, userId },
      'work that waits for a connection was not told that it is back',
    );
  }
}

/** Answered meanwhile, or told so before. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof RequestError)) throw error;
}
