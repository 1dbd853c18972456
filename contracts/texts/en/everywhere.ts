/** Words and sentences that more than one face says. */
export const shared = {
  step: 'Step',
  phase: (nth: number, total: number) => `Phase ${nth}/${total}`,
  minutes: (minutes: number) => (minutes < 1 ? '< 1 min' : `${Math.round(minutes)} min`),
  named: (count: number) => (count === 1 ? 'one named person' : `${count} named people`),
  delegates: (count: number) => (count === 1 ? 'one delegate' : `${count} delegates`),
  quorum: (given: number, needed: number) => `${given} of ${needed} approved`,
  evidence: 'What happened',
  proposed: 'Proposed',
  steering: { pending: 'pending', delivered: 'delivered', dropped: 'Not delivered: the work had finished' },
  spent: 'Spent so far',
  coverage: (answered: number, total: number) =>
    answered === total ? `Based on all ${total} steps` : `Based on ${answered} of ${total} steps`,
  weights: 'Weights',
  askedBy: 'Requested by',
  reconnect: (connection: string) => `Reconnect ${connection}`,
  completed: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
  stopped: 'Stopped',
  agents: 'Agents',
  cost: 'Cost',
  duration: 'Duration',
  models: 'Models',
  healing: (attempt: number, cause: string, action: string, status: string) =>
    `Self-healing attempt #${attempt}: root cause ${cause}, action ${action}, status ${status}`,
};
