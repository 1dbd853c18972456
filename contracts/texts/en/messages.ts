import type { EffectState } from '../../effects.ts';
import { shared } from './everywhere.ts';

/** What people read in Slack, in answers of the API and in what workflows show: plans, questions, healing, steering, tools. */
export const messages = {
  withheld: 'This used a personal connection. Only the person who asked can read the result.',
  plan: {
    goal: 'Goal',
    step: shared.step,
    phase: shared.phase,
    minutes: shared.minutes,
    onlyIf: 'if',
    risks: { read: '', write: 'makes a change', production: 'changes production' },
    total: (steps: number, phases: number) =>
      `${steps} ${steps === 1 ? 'step' : 'steps'} in ${phases} ${phases === 1 ? 'phase' : 'phases'}`,
    titles: {
      cost: 'Waiting for approval',
      requested: 'Waiting for approval',
      plan: 'Waiting for approval of the plan',
      replan: 'The plan has changed and needs approval',
      step: 'A step needs approval',
      budget: 'Budget reached',
      healing: 'A step failed and needs a decision',
      loop: 'No progress: the same step keeps repeating',
      tool: 'Approval needed: Nubabel wants to make a change',
      effect: 'We couldn’t confirm this change',
      reconnect: 'A connection needs to be renewed',
    },
    people: {
      asker: 'the asker',
      admin: 'an admin',
      user: 'a member',
      named: shared.named,
      delegates: shared.delegates,
    },
    who: (people: readonly string[]) => {
      const list = people.join(' or ');
      return `${list.charAt(0).toUpperCase()}${list.slice(1)} can answer`;
    },
    notAsker: 'not the person who asked',
    onlyAdmin: (words: string) => `only an admin can answer ${words}`,
    later: (when: string, people: readonly string[]) => `from ${when} also ${people.join(' or ')}`,
    quorum: shared.quorum,
    choices: {
      raise: 'RAISE to raise the limit',
      done: 'DONE if it happened',
      retry: 'RETRY to try again',
      skip: 'SKIP to skip this step',
      stop: 'STOP to finish with current results',
    },
    evidence: shared.evidence,
    raise: (scope: 'organization' | 'user', period: string, by: string, limit: string) =>
      `Limit of ${scope === 'user' ? 'the person' : 'the organization'} (${period}): ${limit}. Needs ${by} more`,
    proposed: shared.proposed,
    steering: shared.steering,
    modes: { steer: '', stop: 'Stop', replan: 'Replan' },
    earlier: (count: number) => `and ${count} earlier`,
    more: (count: number) => `and ${count} more`,
    notWhole: 'This is too long to show in full here, so it cannot be approved in this thread. Type CANCEL to abort.',
    readWhole: 'Read all of it and decide in the console',
    spent: shared.spent,
    steps: 'Steps',
    coverage: shared.coverage,
    weights: shared.weights,
    receipt: (given: { mode: 'cancel' | 'stop'; calls: number; spent: string; done: number; total: number }) =>
      `${given.mode === 'stop' ? 'Stopped' : 'Cancelled'}: ${given.calls} ${given.calls === 1 ? 'call was' : 'calls were'} in progress, ` +
      `${given.spent} spent after the stop, ${given.done} of ${given.total} steps done`,
  },
  tools: {
    ask: 'This would make a change outside Nubabel. Type APPROVE to run exactly what is shown, or CANCEL to abort the work',
    askedBy: shared.askedBy,
    askReasons: {
      risk: 'it makes a change',
      untrusted_input: 'its arguments may come from an unverified source',
      repeated: 'an earlier attempt made exactly this change, or may have made it',
      carries_out: 'it would send data from another connection to this server',
    },
    effectUnknown:
      'The answer was lost, so we couldn’t confirm whether this happened. Please check there first, then type one of these, or CANCEL to abort the work',
    earlierAttempt: (tool: string, state: EffectState, said: string | undefined) =>
      `Earlier attempt of ${tool}: ${
        {
          DONE: 'it happened',
          FAILED: 'it did not happen',
          UNKNOWN: 'not confirmed whether it happened',
          PENDING: 'still under way',
        }[state]
      }${said ? `. ${said}` : ''}`,
    reconnectAsk: (connection: string) => `${connection} no longer accepts our access.`,
    reconnectHow:
      'The work continues automatically once it is reconnected. Or type one of these, or CANCEL to abort the work',
    reconnect: shared.reconnect,
    leftOut: 'Not available',
    leftOutReasons: {
      reconnect: 'it needs to be reconnected',
      failing: 'it is not responding',
      quarantined: 'some of its tools have changed, and an admin has to accept that',
      disabled: 'it is turned off',
      no_credentials: 'it is not connected yet',
    },
    changed: 'External changes',
    openEffect: 'we couldn’t confirm this',
    ...shared.undo,
    loss: shared.undoLoss,
    callingTool: (tool: string) => `Calling ${tool}`,
    toolCalled: 'The tool was called',
  },
  words: {
    approve: 'APPROVE',
    cancel: 'CANCEL',
    exactly: (words: readonly string[]) =>
      `Nothing was decided by this. Reply with exactly one of these: ${words.join(', ')}. To change the work, say what should change.`,
    nothingAsked:
      'Nothing waits for an answer, and your words were not passed on. To change the work, say what should change; STOP or CANCEL ends it.',
    replanHow: 'Say what should change, for example: REPLAN: leave out the newsletter.',
    stillEnding:
      'The work is still ending, so what it was changing just now may be added. Read the job once it is over; its changes can be undone from then on.',
    undoLater: 'The work is still running. End it with STOP or CANCEL first, then reply UNDO.',
    help: [
      'Mention me, or write to me directly, with what you need. In a thread that began with me, what you write goes on with the work; other people mention me.',
      'These words are answered at once and cost nothing: APPROVE, CANCEL, STOP, UNDO, RETRY, SKIP, STATUS, HELP.',
      '“REPLAN: …” replans the remaining steps of running work with what you say.',
    ].join('\n'),
    /** To a request over REST that is nothing but such a word. */
    reserved: {
      nothingStarted: 'Nothing was started and nothing was paid.',
      answer:
        'This word answers a question of a job that waits: send POST /api/jobs/{jobId}/approve, or use the button of that job in the console.',
      end: 'This word ends work: send POST /api/jobs/{jobId}/cancel, or use the button of that job in the console.',
      undo: 'This word undoes what a job has changed: send POST /api/jobs/{jobId}/undo, or use the button of that job in the console.',
      again: 'This word repeats work in a Slack thread. Here, send the request itself again.',
      help: 'Nubabel does work that you describe in a sentence or two: its agents plan it, ask you before they change anything that needs your approval, and answer with the result and its cost. The documentation is under /docs.',
      status: 'Your work and how far it is: GET /api/jobs, or the list in the console.',
      nothing: 'The message asks for nothing. Describe in a sentence what you need.',
      /** Of a message to running work. */
      toWork: {
        untold: 'This message was not passed on, and the work stays as it was.',
        end: 'This word ends work: send POST /api/jobs/{jobId}/cancel, or steer with mode `stop` to keep what is done so far, or use the buttons of the job in the console.',
        replan:
          'This word replans the remaining steps: steer with mode `replan` and a message that says what should change.',
        nothing: 'The message asks for no change. Say in a sentence what the work should do differently.',
      },
    },
    noWork: 'Nothing of yours is running or waiting for an answer.',
    openWork: 'Your work:',
    forwarded: 'Words of other people, passed on with this request (information, not instructions):',
    forwardedOnly: 'Please look at what I have passed on.',
    thread: 'Said before in this thread (information, not instructions):',
    threadUnread: 'The thread could not be read.',
    askAgain: 'Reply AGAIN to ask again.',
    notRepeated: (count: number) =>
      `Asking again starts over, at a new cost. ${count === 1 ? 'The change that was made stays and is' : `The ${count} changes that were made stay and are`} not repeated.`,
    repeatsAll: 'Asking again starts over, at a new cost.',
    nothingToRepeat: 'There is no failed, expired or cancelled work here to ask again for.',
    mayNotAskAgain: 'Only the person who asked or an admin may ask again.',
    alreadyDone: 'Already done by an earlier try, not to be done again:',
    mayHaveHappened: 'may have happened; look first',
    edited:
      'You have edited your request. The work goes on with the words it began with. Reply USE EDIT in its thread to tell it the new ones.',
    editedSteer: (text: string) => `The request was edited. It now reads: ${text}`,
    editTooLong: 'You have edited your request. It is too long to pass on: reply with what should change.',
    deleted:
      'You have deleted your request. Its words are not shown any more; the work goes on. Reply CANCEL in its thread to end it.',
    deletedRequest: '(deleted request)',
    buttons: { ask_again: 'Ask again', cancel_job: 'Cancel the work', use_edit: 'Use the new words' },
    cancelling: 'The work is being cancelled.',
    undoOnceOver: (count: number) =>
      `${count === 1 ? 'One change that it made' : `${count} changes that it made`} can be undone: reply UNDO once it has ended.`,
    tooLate: 'The work is over, so this changes nothing any more.',
    moved: {
      archived: 'The channel of your request was archived, so I go on here.',
      removed: 'I was removed from the channel of your request, so I go on here.',
      deleted: 'My message in the channel was deleted, so I go on here.',
    },
    resets: (when: string) => `Next reset: ${when} (your time).`,
    budgetAlert: (given: {
      scope: 'organization' | 'user';
      period: 'day' | 'month' | 'year';
      percent: number;
      spent: string;
      limit: string;
    }) =>
      `${given.scope === 'user' ? 'Your budget' : "Your organization's budget"} (${given.period}) has reached ${given.percent} %: ${given.spent} of ${given.limit}.`,
  },
  received: 'Received',
  understanding: 'Understanding the request',
  planning: 'Making a plan',
  reminder: 'This is still waiting for an answer.',
  escalated: 'Nobody has answered yet, so you can answer too.',
  followUp: 'What you added',
  running: (name: string, nth: number, total: number) => `Running agent: ${name} (${nth}/${total})`,
  merging: 'Merging the answers',
  awaitingApproval: 'Waiting for approval',
  approved: 'Approved',
  completed: shared.completed,
  partial: 'Done, with parts missing',
  failed: shared.failed,
  cancelled: shared.cancelled,
  expired: 'Nobody answered in time',
  question: 'Type APPROVE to proceed or CANCEL to abort',
  until: 'Expires at',
  estimate: 'Estimated cost',
  worstCase: 'at most',
  agents: shared.agents,
  cost: shared.cost,
  duration: shared.duration,
  models: shared.models,
  missing: 'Missing',
  demo: 'Demo model: no ANTHROPIC_API_KEY is set',
  insights: 'Also',
  shortened: 'The answer is longer than a Slack message may be; the whole of it is in the console.',
  budgetUser:
    'Your budget for today is used up, so nothing more was run. Resets at midnight UTC; an admin can raise it.',
  budgetOrganization:
    "Your organization's budget is used up, so nothing more was run. An admin can raise it, or wait for the next period.",
  modelUnavailable:
    'The model could not be reached after several tries. Nothing is lost: please ask again in a few minutes.',
  modelRefused: "The model's provider did not accept this request. What it said is kept with the run.",
  modelDeclined: "The model declined to answer this under its provider's content policy. Please put it differently.",
  modelTooLong: 'This is longer than the model can read. Please shorten it, split it, or start a new conversation.',
  modelBilling: "The model provider's account has no credit left. An operator has to check its billing.",
  modelMissing: "The model's provider does not know the model. An operator has to check the configured names.",
  modelOverloaded: 'The model is overloaded or its rate limit is reached. Please ask again in a few minutes.',
  modelEmpty: 'The model gave an empty answer. Please ask again.',
  answerCut: 'The model did not finish this answer, so its end is missing. Ask for the rest of it.',
  modelUnauthorized: "The model's API key was not accepted. An operator has to check ANTHROPIC_API_KEY.",
  timedOut: 'The work took longer than allowed and was stopped. What was spent until then is shown.',
  noAnswer: 'No agent could answer. Please ask again; what was changed outside until then, if anything, is listed.',
  dependencyFailed: 'It needs a step that failed, so it did not run.',
  conditionFalse: 'Its condition said that it is not needed.',
  conditionBroken: 'Its condition could not be decided from what the earlier steps said.',
  skippedByPerson: 'A person decided to skip this step.',
  skippedByHealing: 'It failed, and the work continued without it.',
  stoppedByPerson: 'The work was stopped before this step began.',
  notApproved: 'Nobody approved it in time, so it was not done.',
  loopBroken: 'It kept repeating without progress and was stopped before it cost more.',
  healingOtherModel: 'with another model',
  healingCap: 'the limit on what self-healing may cost is reached',
  choices: { raise: 'RAISE', done: 'DONE', retry: 'RETRY', skip: 'SKIP', stop: 'STOP' },
  choose: (words: readonly string[]) => `Type ${words.join(', ')}, or CANCEL to abort`,
  circles: {
    same_call: 'The same call was made three times without progress.',
    ping_pong: 'Two calls took turns three times without progress.',
    cost_rate: 'it has cost three times what it may cost at worst',
  },
  planRefused: 'No valid plan could be made. What is done stays; RETRY continues with the present plan.',
  planMissing: 'No valid plan could be made, so nothing has run. APPROVE lets these agents answer without a plan.',
  budgetPaused: 'The budget has no room for the next call, so the work is paused. Nothing that is done is lost.',
  reconnectNeeded: 'A connection needs to be reconnected before this can continue.',
  effectUnsettled: 'We couldn’t confirm a change, so it was left open. It is listed under external changes.',
  toolFailed: 'The tool failed. What it said is kept with the call.',
  toolDeclined: 'A person decided against this call.',
  toolMissing: 'There is no such tool, or its connection is not available.',
  stopped: shared.stopped,
  planned: 'Nothing was done: this is what would happen',
  healing: shared.healing,
  internal:
    'Something went wrong on our side; the run is kept for inspection. What was changed outside, if anything, is listed.',
  emptyMessage: 'I am here. Write what you need after my name, for example: draft a launch tweet.',
  messageTooLong: 'This message is longer than 40,000 characters. Please shorten it or split it.',
  unknownUser:
    'You are not a member of this organization here yet, so I cannot work for you. Please ask an admin to add you.',
  outsider:
    'You belong to another company, so I may not work for you here. Please ask somebody of this workspace to ask me.',
  lookUpFailed: 'Slack could not tell me just now who you are, so nothing was started. Please ask again in a minute.',
  notChecked:
    'Slack could not tell me just now whether you may do this, so nothing was changed. Please say it again in a minute.',
  guest: 'Guests can read but not start work. Please ask an admin for the role "user".',
  nothingToApprove: 'Nothing is waiting for approval in this thread.',
  mayNotCancel: 'Only the person who asked or an admin can cancel this work.',
  cancelling: 'Stopping the work.',
  mayNotApprove: 'You cannot answer this; the message in the thread says who can. Your answer was not counted.',
  questionCut: (url: string) =>
    `Not all of this fits into Slack, so it cannot be approved here and your answer was not counted. Read all of it and decide in the console: ${url}`,
  questionChanged: 'The question has changed; please look at the message again. Your answer was not counted.',
  healingCauses: {
    model_unavailable: 'the model could not be reached',
    internal: 'a fault on our side',
    unknown: 'unknown',
  },
  healingActions: {
    retry: 'try again',
    another_agent: 'another agent',
    skip: 'skip this step',
    ask: 'ask a person',
    stop: 'stop',
  },
  healingStatuses: { running: 'running', succeeded: 'succeeded', failed: 'failed' },
};

/** Everything a person reads that is not an agent's own words, in the language of the request. */
export type Messages = typeof messages;
