/** What people read of tools, their effects and connections. */
export const toolsEn = {
  ask: 'These calls change something outside. APPROVE runs exactly what is shown, SKIP leaves them out.',
  askedBy: 'Asked for by',
  askReasons: {
    risk: 'it changes something',
    untrusted_input: 'its arguments may come from text that nobody vouches for',
  },
  effectUnknown:
    'The answer was lost, so nobody knows whether this has happened. Look there: DONE if it has, RETRY if it has not, SKIP to leave it open.',
  reconnectAsk: (connection: string) =>
    `${connection} does not accept our access any more. Reconnect it, and the work goes on by itself; SKIP goes on without it.`,
  reconnect: (connection: string) => `Reconnect ${connection}`,
  leftOut: 'Left out',
  leftOutReasons: {
    reconnect: 'it has to be reconnected',
    failing: 'it does not answer at the moment',
    quarantined: 'its tools have changed, and an admin has to accept that',
    disabled: 'it is switched off',
    no_credentials: 'it has no credentials yet',
  },
  changed: 'Changed outside',
  openEffect: 'nobody knows whether it has happened',
  takenBack: 'taken back',
  notTakenBack: 'could not be taken back',
  mayUndo: (count: number) => `${count} of the changes can be taken back: UNDO`,
  undoing: 'Taking the changes back.',
  mayNotUndo: 'Only the person who asked or an admin may take back what was changed.',
  nothingToUndo: 'There is nothing left to take back.',
  undone: (done: number, total: number) => `${done} of ${total} changes taken back`,
  callingTool: (tool: string) => `Calling ${tool}`,
  toolCalled: 'The tool was called',
};
