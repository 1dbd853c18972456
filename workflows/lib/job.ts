import type { PlanOutline, Question, RoutedWork, Stop } from '../../contracts/workflow.ts';
import type { ApprovalHandlers } from './approval-handlers.ts';
import type { StepGraph } from './step-graph.ts';
import type { SteeringHandlers } from './steering-handlers.ts';

export interface Target {
  readonly organizationId: string;
  readonly orchestrationId: string;
}

/** One request at work, as the parts of its story share it. */
export interface Job {
  readonly target: Target;
  /** Set once the request has been routed, before anything else looks at it. */
  routed: RoutedWork;
  readonly desk: ApprovalHandlers;
  readonly steering: SteeringHandlers;
  readonly course: StepGraph;
  /** Something that people see has changed. */
  readonly changed: () => void;
  /** Interrupts all work: a person has answered CANCEL. */
  readonly cancelWork: () => void;
  /** Model calls under way. */
  calls: number;
  /** The last revision that a plan was drafted under; 0 without any. */
  revision: number;
  /** A planner's plan runs. */
  planned: boolean;
  /** Tools have been called: not all of the work is still to be done. */
  hasCalled: boolean;
  /** Questions asked so far, for their ids. */
  questions: number;
  /** Set once a stop or a cancel has come. */
  stop?: Stop;
  /** Steps whose budget was refused. */
  readonly refused: Set<string>;
  /** All of them wait for one answer. */
  budgetAnswer?: Promise<'raise' | 'skip' | 'stop' | 'withdrawn'>;
}

/** Counts a model call while it is under way, for the receipt of a stop. */
export async function trackInFlight<T>(job: Job, call: Promise<T>): Promise<T> {
  job.calls++;
  try {
    return await call;
  } finally {
    job.calls--;
  }
}

/** What is to run, and what has to be asked before. */
export interface Proposal {
  readonly steps: PlanOutline['steps'];
  readonly approval?: Question;
}
