import type { HealingAction } from './plan.ts';
import type { ErrorCode, HealingCause } from './texts.ts';

/** How a known failure is healed, without asking a model. */
interface HealingRule {
  readonly cause: HealingCause;
  readonly action: HealingAction;
  /** The next try thinks with another tier's model. */
  readonly changeTier?: true;
}

/** Tries to heal one step. */
export const MAX_HEALINGS = 2;

/** What healing cannot change: the wallet, the key, the clock, and what people or the plan itself decided. */
const NOT_HEALABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'budget_exhausted_user',
  'budget_exhausted_organization',
  'model_unauthorized',
  'model_billing',
  'model_missing',
  'model_too_long',
  'model_overloaded',
  'timed_out',
  'dependency_failed',
  'condition_false',
  'skipped_by_person',
  'skipped_by_healing',
  'stopped',
  'not_approved',
  'loop_broken',
  'empty_message',
  'message_too_long',
  'unknown_user',
  'guest',
]);

/**
 * What to do about a failure, by the number of tries to heal it before: a rule where the failure is known, `none` where
 * nothing would help, undefined where a model has to find out.
 */
export function ruleFor(code: ErrorCode, attempt: number): HealingRule | 'none' | undefined {
  if (NOT_HEALABLE.has(code) || attempt >= MAX_HEALINGS) return 'none';
  if (code === 'model_unavailable')
    return attempt === 0
      ? { cause: 'model_unavailable', action: 'retry', changeTier: true }
      : { cause: 'model_unavailable', action: 'stop' };
  if (code === 'internal') return { cause: 'internal', action: attempt === 0 ? 'retry' : 'stop' };
  return undefined;
}
