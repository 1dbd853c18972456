/** What people read about plans, questions, healing, steering and receipts. */
export const planEn = {
  goal: 'Goal',
  step: 'Step',
  phase: (nth: number, total: number) => `Phase ${nth}/${total}`,
  minutes: (minutes: number) => (minutes < 1 ? '< 1 min' : `${Math.round(minutes)} min`),
  onlyIf: 'if',
  risks: { read: '', write: 'changes something', production: 'changes production' },
  total: (steps: number, phases: number) =>
    `${steps} ${steps === 1 ? 'step' : 'steps'} in ${phases} ${phases === 1 ? 'phase' : 'phases'}`,
  titles: {
    cost: 'Waiting for approval',
    requested: 'Waiting for approval',
    plan: 'Waiting for approval of the plan',
    replan: 'The plan has changed and waits for approval',
    step: 'A step waits for approval',
    budget: 'The budget does not reach any further',
    healing: 'A step has failed and needs a decision',
    loop: 'The work goes in circles and needs a decision',
    tool: 'A change outside waits for approval',
    effect: 'Nobody knows whether a change has happened',
    reconnect: 'A connection has to be renewed',
  },
  people: {
    asker: 'the asker',
    admin: 'an admin',
    user: 'a member',
    named: (count: number) => (count === 1 ? 'one named person' : `${count} named people`),
    delegates: (count: number) => (count === 1 ? 'one delegate' : `${count} delegates`),
  },
  who: (people: readonly string[]) => {
    const list = people.join(' or ');
    return `${list.charAt(0).toUpperCase()}${list.slice(1)} may answer`;
  },
  notAsker: 'not the person who asked',
  onlyAdmin: (words: string) => `only an admin may answer ${words}`,
  later: (when: string, people: readonly string[]) => `from ${when} also ${people.join(' or ')}`,
  quorum: (given: number, needed: number) => `${given} of ${needed} approved`,
  choices: {
    raise: 'RAISE to raise the limit',
    done: 'DONE if it has happened',
    retry: 'RETRY to try again',
    skip: 'SKIP to go on without it',
    stop: 'STOP to end with what is there',
  },
  evidence: 'What happened',
  raise: (scope: 'organization' | 'user', period: string, by: string, limit: string) =>
    `Limit of ${scope === 'user' ? 'the person' : 'the organization'} (${period}): ${limit}; it would have to rise by ${by}`,
  proposed: 'Proposed',
  steering: { pending: 'pending', delivered: 'delivered', dropped: 'came too late' },
  modes: { steer: '', stop: 'Stop', replan: 'Plan anew' },
  earlier: (count: number) => `and ${count} earlier`,
  more: (count: number) => `and ${count} more`,
  spent: 'Spent so far',
  steps: 'Steps',
  coverage: (answered: number, total: number) => `${answered} of ${total} steps are in the answer`,
  weights: 'Weights',
  receipt: (given: { mode: 'cancel' | 'stop'; calls: number; spent: string; done: number; total: number }) =>
    `${given.mode === 'stop' ? 'Stopped' : 'Cancelled'}: ${given.calls} ${given.calls === 1 ? 'call was' : 'calls were'} under way, ` +
    `${given.spent} spent after the stop, ${given.done} of ${given.total} steps done`,
};
