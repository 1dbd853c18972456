import type { UndoLoss } from '../../effects.ts';

const by = (people: readonly string[] = []) => (people.length > 0 ? ` by ${people.join(', ')}` : '');
const some = (count: number, one: string, more: string) => (count === 1 ? `one ${one}` : `${count} ${more}`);

/** Words and sentences that more than one face says. */
export const shared = {
  /** What somebody has done since that an undo would lose. */
  undoLoss: ({ what, count = 1, people, field, value, at }: UndoLoss): string =>
    ({
      comments: () => `${some(count, 'comment', 'comments')}${by(people)}`,
      replies: () => `${some(count, 'reply', 'replies')}${by(people)}`,
      reactions: () => `${some(count, 'reaction', 'reactions')}${by(people)}`,
      children: () => some(count, 'item below it', 'items below it'),
      attachments: () => some(count, 'attachment', 'attachments'),
      worklogs: () => `${some(count, 'entry of work time', 'entries of work time')}${by(people)}`,
      links: () => some(count, 'link to something else', 'links to something else'),
      content: () => `text on the page${by(people)}`,
      edited: () => `changes${by(people)}${at ? ` (${at.slice(0, 16).replace('T', ' ')} UTC)` : ''}`,
      field: () => `${field ?? 'a field'} is now ${value ? `"${value}"` : 'empty'}${by(people)}`,
      unseen: () => 'comments, if there are any: Nubabel may not read them there',
    })[what](),
  /** What a thread says of taking changes back. */
  undo: {
    takenBack: 'undone',
    notTakenBack: 'could not be undone',
    mayUndo: (count: number) => `Reply UNDO to undo ${count} ${count === 1 ? 'change' : 'changes'}`,
    undoing: 'Undoing the changes.',
    mayNotUndo: 'Only the person who asked or an admin can undo these changes.',
    nothingToUndo: 'There is nothing here that can be undone, or it already was.',
    undone: (done: number, total: number) => `${done} of ${total} changes undone`,
    undoAsks: (count: number) =>
      `${count} ${count === 1 ? 'change was' : 'changes were'} kept, because undoing ${count === 1 ? 'it' : 'them'} would lose what others have done since`,
    wouldLose: (losses: readonly string[]) => `not undone yet, because this would be lost: ${losses.join('; ')}`,
    mayUndoAnyway: 'Reply APPROVE to undo it anyway and lose that, or leave it as it is',
    mayUndoInConsole: 'Each can be undone anyway in the console, where everything that would be lost is shown',
  },
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
