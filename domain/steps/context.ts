import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { LIMITS } from '../../contracts/limits.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { listRecentMessages, type Message } from '../../db/queries/messages.ts';
import { getOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { pressureOf, type Pressure } from '../../db/queries/pressure.ts';
import { dayIn } from '../budgets/days.ts';
import type { TurnDeps } from '../models/turn.ts';

export interface Target {
  readonly organizationId: string;
  readonly orchestrationId: string;
}

/** What every turn is prepared from. */
export interface Context<T> {
  readonly orchestration: Orchestration;
  readonly history: Message[];
  readonly timeZone: string;
  readonly today: string;
  readonly money: Pressure;
  readonly more: T;
}

/** Reads what a turn needs, with whatever else its kind needs; locks nothing. @throws AlreadyOver once the job is. */
export async function loadContext<T>(
  trx: OrganizationTransaction,
  { defaultLimits }: Pick<TurnDeps, 'defaultLimits'>,
  { orchestrationId }: Target,
  loadMore: (orchestration: Orchestration) => Promise<T>,
): Promise<Context<T>> {
  const orchestration = await getOrchestration(trx, orchestrationId);
  if (isFinal(orchestration.status)) throw FailureError.nonRetryable('The job is over.', FAILURE.alreadyOver);
  const history = await listRecentMessages(trx, {
    sessionId: orchestration.session_id,
    limit: LIMITS.workingMemoryMessages,
    exceptOrchestrationId: orchestrationId,
  });
  const money = await pressureOf(trx, { userId: orchestration.user_id, orchestrationId }, defaultLimits);
  const timeZone = money.timeZone ?? 'UTC';
  const today = dayIn(timeZone, orchestration.created_at);
  return { orchestration, history, timeZone, money, today, more: await loadMore(orchestration) };
}
