import type { ButtonAction } from '../../contracts/answer-words.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';
import { errorSentence, textsFor, type Texts } from '../../contracts/texts.ts';
import { jobPage } from '../approvals/approval.ts';
import { decide } from '../approvals/decide.ts';
import type { WakeDeps } from '../deps.ts';
import { undoJob, type UndoDeps } from '../effects/undo.ts';
import { startRecorded, type AcceptDeps } from '../orchestrations/accept.ts';
import { askAgain } from '../orchestrations/ask-again.ts';
import { cancelJob, readCancelReceipt, type CancelDeps } from '../orchestrations/cancel.ts';
import { detectLanguage } from '../routing/text.ts';
import type { ProfileDeps } from '../organizations/people.ts';
import { steerJob, type SteerDeps } from '../steering/steer.ts';
import { receiveMessage, type ParseMessage, type ReceiveDeps, type Received } from './receive-message.ts';
import { keysOf, messageKey, type ThreadMessage } from './thread-message.ts';

export interface ThreadDeps extends ReceiveDeps, AcceptDeps, CancelDeps, SteerDeps, UndoDeps, WakeDeps {
  readonly workflows: CancelDeps['workflows'] & SteerDeps['workflows'];
  /** Where people reach us, for links; without a trailing slash. */
  readonly publicUrl: string;
  readonly loadProfile: NonNullable<ProfileDeps['loadProfile']>;
}

/** Something a person can do about a reply with one press; `value` says to what. */
interface ReplyButton {
  readonly action: ButtonAction;
  readonly label: string;
  readonly value: string;
}

/** Where somebody has written or pressed, and who. */
type ReplyPlace = Pick<ThreadMessage, 'channelId' | 'threadTs' | 'ts' | 'slackUserId'>;

/** What a person gets for what they have written: words that only they see, and a mark that everybody does. */
export interface ThreadReply {
  readonly message: ReplyPlace;
  readonly text?: string;
  readonly buttons?: readonly ReplyButton[];
  /** The receipt of a decision. */
  readonly reaction?: 'white_check_mark' | 'no_entry_sign';
}

/**
 * Takes up a person's message: a mention, a direct message, or a reply where we work. When this returns it is recorded.
 * @throws when it could not be recorded; then the event has to come again.
 */
export async function handleMessage(
  deps: ThreadDeps,
  teamId: string,
  parse: ParseMessage,
): Promise<ThreadReply | undefined> {
  const received = await receive(deps, teamId, parse);
  try {
    return await act(deps, received);
  } catch (error) {
    if (received?.kind !== 'steering' || !isConflict(error)) throw error;
    // The work has ended before it could be told: looked at again, the message is a request that follows it.
    return act(deps, await receive(deps, teamId, parse));
  }
}

async function receive(deps: ThreadDeps, teamId: string, parse: ParseMessage): Promise<Received | undefined> {
  const received = await receiveMessage(deps, teamId, parse);
  if (received?.kind !== 'unknown-person') return received;
  return receiveMessage(deps, teamId, parse, await deps.loadProfile(teamId, received.message.slackUserId));
}

const isConflict = (error: unknown): boolean => error instanceof RequestError && error.kind === 'conflict';

type SaidToJob = Extract<Received, { kind: 'answer' | 'undo' | 'again' | 'steering' }>;

async function act(deps: ThreadDeps, received: Received | undefined): Promise<ThreadReply | undefined> {
  if (!received || received.kind === 'unknown-person') return undefined;
  if (received.kind === 'local') return { message: received.message, text: received.text };
  if (received.kind === 'request') {
    startRecorded(deps, received.recorded);
    return undefined;
  }
  if (received.kind === 'refused') return refusedAct(received);
  const { message, job } = received;
  const texts = textsFor(job?.language ?? detectLanguage(message.text));
  try {
    const reply = await tell(deps, received, texts);
    return message.pressedJob ? pressReply(received, texts, reply) : reply;
  } catch (error) {
    if (!(error instanceof RequestError) || error.kind === 'unavailable') throw error;
    if (error.reason === 'repeated') return undefined;
    if (received.kind === 'steering' && error.kind === 'conflict') throw error;
    return { message, text: refusedText(received, error, texts, deps.publicUrl) };
  }
}

function refusedAct({ message, refusal, job }: Extract<Received, { kind: 'refused' }>): ThreadReply {
  const language = job?.language ?? detectLanguage(message.text);
  const text = refusal === 'lookup_failed' ? textsFor(language).notChecked : errorSentence(refusal, language);
  return { message, text };
}

/** A press leaves no message that could be marked: whoever pressed is told instead. */
const pressReply = ({ kind, message }: SaidToJob, texts: Texts, reply: ThreadReply | undefined): ThreadReply => ({
  message,
  text: kind === 'answer' ? (reply?.text ?? texts.words.cancelling) : texts.received,
});

/** Gives what was said to the work, and the receipt for it. */
async function tell(deps: ThreadDeps, received: SaidToJob, texts: Texts): Promise<ThreadReply | undefined> {
  const { message, principal } = received;
  if (received.kind === 'answer') return answer(deps, received, texts);
  if (received.kind === 'steering') {
    const entry = { kind: 'recorded', via: 'slack', keys: keysOf(message) } as const;
    await steerJob(deps, principal, received.job.id, received.steer, entry);
    return received.steer.mode === 'stop' ? { message, reaction: 'no_entry_sign' } : undefined;
  }
  if (received.kind === 'again') {
    await askAgain(deps, principal, received.job.id, 'slack');
    return { message, reaction: 'white_check_mark' };
  }
  // Slack repeats what it thinks was lost, and by then there may be other changes.
  const entry = { kind: 'recorded', via: 'slack', keys: [messageKey(message)] } as const;
  const wish = { entry, ...(received.accepts && { accept: 'shown' as const }) };
  await undoJob(deps, principal, received.job.id, wish);
  return { message, text: texts.tools.undoing, reaction: 'white_check_mark' };
}

/** APPROVE, CANCEL or a choice in a thread: an answer to its question, a stop of its work, or a kind word. */
async function answer(
  deps: ThreadDeps,
  { message, principal, job, word }: Extract<Received, { kind: 'answer' }>,
  texts: Texts,
): Promise<ThreadReply | undefined> {
  if (!job) return { message, text: texts.nothingToApprove };
  const entry = { kind: 'recorded', via: 'slack', keys: [messageKey(message)] } as const;
  if (word.verdict === 'cancel') {
    await cancelJob(deps, principal, job.id, {}, entry);
    const text = await undoHint(deps, principal, job.id, texts);
    return { message, reaction: 'no_entry_sign', ...(text && { text }) };
  }
  await decide(deps, principal, job.id, word, entry);
  return { message, reaction: word.choice === 'stop' ? 'no_entry_sign' : 'white_check_mark' };
}

/** How what cancelled work has changed by now is undone, for whoever may; undefined where there is nothing of it. */
async function undoHint(
  deps: ThreadDeps,
  principal: Principal,
  jobId: string,
  { words, tools }: Texts,
): Promise<string | undefined> {
  const { changes, undo, note } = await readCancelReceipt(deps, principal, jobId);
  if (!undo || !changes) return undefined;
  const how = note ? words.undoOnceOver(changes.undoable) : `${tools.mayUndo(changes.undoable)}.`;
  return `${words.cancelling} ${how}`;
}

function refusedText(
  { kind, job }: SaidToJob,
  { kind: why, reason }: RequestError,
  texts: Texts,
  publicUrl: string,
): string {
  if (kind === 'undo') return why === 'forbidden' ? texts.tools.mayNotUndo : texts.tools.nothingToUndo;
  if (kind === 'again') return why === 'forbidden' ? texts.words.mayNotAskAgain : texts.words.nothingToRepeat;
  if (kind === 'answer' && job && isFinal(job.status)) return texts.nothingToApprove;
  if (reason === 'not_named') return texts.mayNotApprove;
  if (reason === 'other_question') return texts.questionChanged;
  if (reason === 'cut' && job) return texts.questionCut(jobPage(publicUrl, job.id));
  return why === 'forbidden' ? texts.mayNotCancel : texts.nothingToApprove;
}
