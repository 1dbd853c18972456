import type { FailureType } from '../../contracts/failures.ts';
import type { PoolName } from '../../contracts/queues.ts';
import type { Decision, DecisionOutcome, OrchestrationTarget, SteeringMessage } from '../../contracts/workflow.ts';

/** Something accepted that is to reach its workflow: a request to start, or a message for one that runs. */
export interface Delivery extends OrchestrationTarget {
  readonly id: string;
  readonly source: 'slack' | 'rest';
  readonly kind: 'request' | 'decision' | 'steering' | 'undo';
  readonly body: Record<string, unknown>;
}

/** Nobody answered in time, as opposed to an answer that says no. */
export class WorkflowsAwayError extends Error {
  override readonly name = 'WorkflowsAwayError';
}

/** What a workflow answers to a message. `unconfirmed`: it may have counted, and nobody said so in time. */
export type WorkflowAnswer<T> =
  | { readonly status: 'done'; readonly value: T }
  | {
      readonly status: 'refused';
      readonly type: FailureType | undefined;
      /** The workflow has written down that it was tried. */
      readonly isRecorded: boolean;
    }
  | { readonly status: 'not_found' }
  | { readonly status: 'unconfirmed' };

/** The workflows of orchestrations, wherever they run. */
export interface WorkflowPort {
  /**
   * Starts or tells what a delivery is for. Doing it twice is doing it once, and what comes too late is done with.
   * @throws WorkflowsAwayError when nobody answered within `timeoutMs`; anything else when the answer was no.
   */
  deliver(delivery: Delivery, timeoutMs: number): Promise<void>;
  /** Gives a decision and waits until it counts. */
  decide(run: OrchestrationTarget, decision: Decision): Promise<WorkflowAnswer<DecisionOutcome>>;
  /** Gives a message and waits until it is known to be in time. */
  steer(run: OrchestrationTarget, message: SteeringMessage): Promise<WorkflowAnswer<void>>;
  /** Asks to stop now; how it ends is told by the orchestration. */
  cancel(run: OrchestrationTarget): Promise<WorkflowAnswer<void>>;
}

/** Whether the server and the workers are there. */
export interface WorkflowHealthPort {
  /** @throws when the server does not answer within `timeoutMs`. */
  ping(timeoutMs: number): Promise<void>;
  /** Whether a worker has polled the pool's queue lately. @throws when the server does not answer within `timeoutMs`. */
  isPolled(pool: PoolName, timeoutMs: number): Promise<boolean>;
}
