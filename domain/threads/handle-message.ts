import { isFinal } from '../../contracts/orchestration.ts';
import { RequestError } from '../../contracts/request.ts';
import { textsFor, type Texts } from '../../contracts/texts.ts';
import { decide } from '../approvals/decide.ts';
import type { WakeDeps } from '../deps.ts';
import { undoJob, type UndoDeps } from '../effects/undo.ts';
import { startRecorded } from '../orchestrations/accept.ts';
import { cancelJob, type CancelDeps } from '../orchestrations/cancel.ts';
import { detectLanguage } from '../routing/text.ts';
import { steerJob, type SteerDeps } from '../steering/steer.ts';
import { receiveMessage, type ParseMessage, type ReceiveDeps, type Received } from './receive-message.ts';
import { keysOf, messageKey, type SlackProfile, type ThreadMessage, parseSteering } from './thread-message.ts';

export interface ThreadDeps extends ReceiveDeps, CancelDeps, SteerDeps, UndoDeps, WakeDeps {
  readonly workflows: CancelDeps['workflows'] & SteerDeps['workflows'];
  /** Best effort: a name is nice to have, an acknowledgement in time is not. */
  readonly loadProfile: (slackUserId: string) => Promise<SlackProfile>;
}

/** What only the person who wrote is told. */
export interface PrivateReply {
  readonly message: ThreadMessage;
  readonly text: string;
}

/**
 * Takes up a person's message: a mention, a direct message, or a reply where we work. When this returns it is recorded.
 * @throws when it could not be recorded; then the event has to come again.
 */
export async function handleMessage(
  deps: ThreadDeps,
  teamId: string,
  parse: ParseMessage,
): Promise<PrivateReply | undefined> {
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
  return receiveMessage(deps, teamId, parse, await deps.loadProfile(received.message.slackUserId));
}

const isConflict = (error: unknown): boolean => error instanceof RequestError && error.kind === 'conflict';

type SaidToJob = Extract<Received, { kind: 'answer' | 'undo' | 'steering' }>;

async function act(deps: ThreadDeps, received: Received | undefined): Promise<PrivateReply | undefined> {
  if (!received || received.kind === 'unknown-person') return undefined;
  if (received.kind === 'request') {
    await startRecorded(deps, received.recorded);
    return undefined;
  }
  const { message, principal, job } = received;
  const texts = textsFor(job?.language ?? detectLanguage(message.text));
  try {
    if (received.kind === 'answer') return await answer(deps, received, texts);
    if (received.kind === 'steering') {
      const entry = { kind: 'recorded', via: 'slack', keys: keysOf(message) } as const;
      await steerJob(deps, principal, received.job.id, parseSteering(message.text), entry);
      return undefined;
    }
    // Slack repeats what it thinks was lost, and by then there may be other changes.
    await undoJob(deps, principal, received.job.id, [messageKey(message)]);
    return { message, text: texts.tools.undoing };
  } catch (error) {
    if (!(error instanceof RequestError) || error.kind === 'unavailable') throw error;
    if (error.reason === 'repeated') return undefined;
    if (received.kind === 'steering' && error.kind === 'conflict') throw error;
    return { message, text: refusedText(received, error, texts) };
  }
}

/** APPROVE, CANCEL or a choice in a thread: an answer to its question, a stop of its work, or a kind word. */
async function answer(
  deps: ThreadDeps,
  { message, principal, job, word }: Extract<Received, { kind: 'answer' }>,
  texts: Texts,
): Promise<PrivateReply | undefined> {
  if (!job) return { message, text: texts.nothingToApprove };
  const entry = { kind: 'recorded', via: 'slack', keys: [messageKey(message)] } as const;
  if (word.verdict === 'cancel') await cancelJob(deps, principal, job.id, {}, entry);
  else await decide(deps, principal, job.id, word, entry);
  return undefined;
}

function refusedText({ kind, job }: SaidToJob, { kind: why, reason }: RequestError, texts: Texts): string {
  if (kind === 'undo') return why === 'forbidden' ? texts.tools.mayNotUndo : texts.tools.nothingToUndo;
  if (kind === 'answer' && job && isFinal(job.status)) return texts.nothingToApprove;
  if (reason === 'not_named') return texts.mayNotApprove;
  if (reason === 'other_question') return texts.questionChanged;
  return why === 'forbidden' ? texts.mayNotCancel : texts.nothingToApprove;
}
