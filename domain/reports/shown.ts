import type { Nanos } from '../../contracts/money.ts';
import type { EffectNote, HealingNote, SteeringNote } from '../../db/queries/notes.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import type { StoredPlan } from '../../db/queries/plans.ts';
import type { StepShown } from '../../db/queries/steps.ts';

/** Everything a Slack message shows of one orchestration. */
export interface Shown {
  readonly orchestration: Orchestration;
  readonly steps: readonly StepShown[];
  readonly costNanos: Nanos;
  /** The plan that runs or would run; absent for a request without one. */
  readonly plan?: StoredPlan | undefined;
  readonly healing: readonly HealingNote[];
  readonly steering: readonly SteeringNote[];
  readonly effects: readonly EffectNote[];
}
