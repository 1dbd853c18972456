/** What people read of tools, their effects and connections. */
export const toolsEn = {
  ask: 'This would change something outside. Type APPROVE to run exactly what is shown, or CANCEL to abort the work',
  askedBy: 'Asked for by',
  askReasons: {
    risk: 'it changes something',
    untrusted_input: 'its arguments may come from text that nobody vouches for',
  },
  effectUnknown:
    'The answer was lost, so nobody knows whether this has happened. Please look there first, then type one of these, or CANCEL to abort the work',
  reconnectAsk: (connection: string) => `${connection} does not accept our access any more.`,
  reconnectHow: 'The work goes on by itself once it is reconnected. Or type one of these, or CANCEL to abort the work',
  reconnect: (connection: string) => `Reconnect ${connection}`,
  leftOut: 'Could not be used',
  leftOutReasons: {
    reconnect: 'it has to be reconnected',
    failing: 'it does not answer at the moment',
    quarantined: 'some of its tools have changed, and an admin has to accept that',
    disabled: 'it is switched off',
    no_credentials: 'it is not connected yet',
  },
  changed: 'Changed outside',
  openEffect: 'nobody knows whether it has happened',
  takenBack: 'taken back',
  notTakenBack: 'could not be taken back',
  mayUndo: (count: number) => `Reply UNDO to take ${count} ${count === 1 ? 'change' : 'changes'} back`,
  undoing: 'Taking the changes back.',
  mayNotUndo: 'Only the person who asked or an admin may take back what was changed.',
  nothingToUndo: 'Nothing of what was changed here can be taken back, or it already is.',
  undone: (done: number, total: number) => `${done} of ${total} changes taken back`,
  callingTool: (tool: string) => `Calling ${tool}`,
  toolCalled: 'The tool was called',
};
