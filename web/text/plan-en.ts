import type { Approval, Choice } from '../../contracts/approval.ts';
import type { HealingAction, HealingView, StepKind, StepRisk, StepStatus } from '../../contracts/plan.ts';
import type { SteeringView } from '../../contracts/steering.ts';

/** What the console says about plans and the work on them. */
export const planEn = {
  plan: {
    title: 'Plan',
    phase: (nth: number, total: number) => `Phase ${nth}/${total}`,
    steps: (count: number) => `${count} ${count === 1 ? 'step' : 'steps'}`,
    minutes: (minutes: number) => (minutes < 1 ? '< 1 min' : `${Math.round(minutes)} min`),
    takes: 'Takes about',
    onlyIf: 'Only if',
    after: 'After',
    estimated: (cents: string) => `estimated ${cents}`,
    changes: 'Changed',
    removed: 'Removed',
    kinds: { agent: 'Agent', task: 'Task', tool: 'Tool', approval: 'Question to a person' } satisfies Record<
      StepKind,
      string
    >,
    risks: { read: 'Reads only', write: 'Changes something', production: 'Changes production' } satisfies Record<
      StepRisk,
      string
    >,
    statuses: {
      pending: 'not begun',
      running: 'working',
      waiting: 'waiting for a person',
      done: 'done',
      failed: 'failed',
      skipped: 'left out',
    } satisfies Record<StepStatus, string>,
    fields: { title: 'Title', instruction: 'Instruction', agent: 'Agent' },
    remove: 'Remove step',
    keep: 'Keep step',
    undo: 'Undo changes',
    editHint: 'Open a step to read or change what it is told.',
    dryRun: 'Dry run: nothing was run. This is what would happen and what it would cost.',
    coverage: (answered: number, total: number) => `${answered} of ${total} steps are in the answer`,
    weights: 'Weights',
  },
  steer: {
    label: 'Tell the work something',
    placeholder: 'Also include Q3…',
    mode: 'Effect',
    modes: { steer: 'Join the work', replan: 'Plan the rest anew' },
    send: 'Send',
    sending: 'Sending…',
    stop: 'Stop with what is there',
    stopping: 'Stopping…',
    said: 'Said while working',
    statuses: {
      pending: 'pending',
      delivered: 'delivered',
      dropped: 'came too late',
    } satisfies Record<SteeringView['status'], string>,
    stopSaid: 'Stop',
  },
  healing: {
    title: 'Self-healing',
    attempt: (attempt: number, cause: string, action: string, status: string) =>
      `Self-healing attempt #${attempt}: root cause ${cause}, action ${action}, status ${status}`,
    actions: {
      retry: 'retry',
      another_agent: 'another agent',
      skip: 'go on without it',
      ask: 'ask a person',
      stop: 'stop',
    } satisfies Record<HealingAction, string>,
    statuses: { running: 'in progress', succeeded: 'succeeded', failed: 'failed' } satisfies Record<
      HealingView['status'],
      string
    >,
  },
  receipt: {
    title: { stop: 'Stopped', cancel: 'Cancelled' },
    calls: (count: number) => `${count} ${count === 1 ? 'call was' : 'calls were'} under way`,
    spent: (cents: string) => `${cents} spent after the stop`,
    steps: (done: number, total: number) => `${done} of ${total} steps done`,
  },
  question: {
    titles: {
      cost: 'Approve this plan?',
      requested: 'Approve this plan?',
      plan: 'Approve this plan?',
      replan: 'The plan has changed. Approve it?',
      step: 'Approve this step?',
      budget: 'The budget does not reach any further. How to go on?',
      healing: 'A step has failed. How to go on?',
      loop: 'The work goes in circles. How to go on?',
      tool: 'Make these calls?',
      effect: 'Has this happened?',
      reconnect: 'A connection has to be renewed.',
    } satisfies Record<Approval['kind'], string>,
    choices: {
      raise: 'Raise the limit',
      done: 'It has happened',
      retry: 'Try again',
      skip: 'Go on without it',
      stop: 'Stop with what is there',
    } satisfies Record<Choice, string>,
    named: (count: number) => (count === 1 ? 'one named person' : `${count} named people`),
    delegates: (count: number) => (count === 1 ? 'one delegate' : `${count} delegates`),
    notAsker: 'The person who asked may not answer.',
    onlyAdmin: (choices: string) => `Only admins may choose: ${choices}.`,
    quorum: (given: number, needed: number) => `${given} of ${needed} approved`,
    evidence: 'What happened',
    proposed: 'Proposed',
    spent: 'Spent so far',
    limit: 'Limit',
    raiseBy: 'Has to rise by',
    step: 'Step',
    approveEdited: 'Approve with changes',
  },
} as const;
