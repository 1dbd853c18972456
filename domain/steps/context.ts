import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { pressureOf, type Pressure } from '../../db/queries/pressure.ts';
import type { TurnDeps } from '../models/turn.ts';

/** What every turn is prepared from. */
export interface TurnContext {
  readonly timeZone: string;
  readonly today: string;
  readonly money: Pressure;
}

/** Completes what was read of an orchestration for a turn. @throws FailureError `alreadyOver` once the job is. */
export async function loadContext(
  trx: OrganizationTransaction,
  { defaultLimits }: Pick<TurnDeps, 'defaultLimits'>,
  {
    id,
    user_id: userId,
    status,
    created_at: createdAt,
  }: Pick<Orchestration, 'id' | 'user_id' | 'status' | 'created_at'>,
): Promise<TurnContext> {
  if (isFinal(status)) throw FailureError.nonRetryable('The job is over.', FAILURE.alreadyOver);
  const money = await pressureOf(trx, { userId, orchestrationId: id }, defaultLimits);
  const timeZone = money.timeZone ?? 'UTC';
  return { timeZone, money, today: dayIn(timeZone, createdAt) };
}

/** Making a formatter costs hundreds of times what using it does; there are as many as time zones that people live in. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** The calendar day of an instant in a time zone, `YYYY-MM-DD`; an unknown zone counts as UTC. */
export function dayIn(timeZone: string, at: Date): string {
  try {
    const formatter = formatters.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
    formatters.set(timeZone, formatter);
    return formatter.format(at);
  } catch {
    return at.toISOString().slice(0, 10);
  }
}
