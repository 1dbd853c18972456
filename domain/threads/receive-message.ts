import { mayAnswer } from '../../contracts/approval-rules.ts';
import { parseSteering, readWords, type AnswerWord, type Said } from '../../contracts/answer-words.ts';
import { LIMITS } from '../../contracts/limits.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import type { Principal } from '../../contracts/request.ts';
import { withQuotes } from '../../contracts/slack-text.ts';
import { STEERING_LIMITS, type SteeringMode } from '../../contracts/steering.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { Refusal } from '../../contracts/workflow.ts';
import { withSlackWorkspace, type OrganizationTransaction } from '../../db/organization.ts';
import { findWorkspace } from '../../db/queries/organizations.ts';
import {
  findChangedInThread,
  findThreadContext,
  setEdited,
  setQuotesOthers,
  type ThreadJob,
  type ThreadPerson,
} from '../../db/queries/threads.ts';
import type { DatabaseDeps, LogDeps } from '../deps.ts';
import { isStale, type SlackProfile } from '../organizations/people.ts';
import {
  recordRequest,
  type IncomingRequest,
  type RecordDeps,
  type RecordedRequest,
} from '../orchestrations/accept.ts';
import { detectLanguage } from '../routing/text.ts';
import { maySteer } from '../steering/steer.ts';
import { identify, refuseAct, type RefusedAct } from './identify.ts';
import { exactWords, keysOf, statusReply, type ThreadMessage } from './thread-message.ts';

export interface ReceiveDeps extends DatabaseDeps, LogDeps, RecordDeps {
  readonly unknownUsers: 'create' | 'reject';
}

/** Parses an event for the workspace whose bot this is; undefined for whatever is no person's message. */
export type ParseMessage = (botUserId: string) => ThreadMessage | undefined;

/** What a message is: a request, which is recorded already, something said to work that is there, or answered at once. */
export type Received =
  | { readonly kind: 'request'; readonly recorded: RecordedRequest }
  | { readonly kind: 'unknown-person'; readonly message: ThreadMessage }
  | { readonly kind: 'local'; readonly message: ThreadMessage; readonly text: string }
  | RefusedAct
  | (SaidToWork & { readonly kind: 'answer'; readonly word: AnswerWord; readonly job: ThreadJob | undefined })
  | (SaidToWork & { readonly kind: 'steering'; readonly job: ThreadJob; readonly steer: Steer })
  | (SaidToWork & { readonly kind: 'again'; readonly job: Pick<ThreadJob, 'id' | 'language'> })
  | (SaidToWork & {
      readonly kind: 'undo';
      readonly job: Pick<ThreadJob, 'id' | 'language'>;
      /** What others have done since, as the thread shows it, may be lost. */
      readonly accepts: boolean;
    });

/** All but a request, which needs no look at work that is there. */
type SaidOnly = Exclude<Received, { kind: 'request' | 'unknown-person' }>;

interface Steer {
  readonly mode: SteeringMode;
  readonly message: string;
}

interface SaidToWork {
  readonly message: ThreadMessage;
  readonly principal: Principal;
}

/** Top-level direct messages are one conversation. */
const DIRECT_SESSION = 'direct';

/**
 * Finds out in one transaction whose workspace it is, who speaks and of what, and records a request there and then.
 * Undefined when it is none of our business: see `isHeard`. A person of whom Slack has to be asked is told as such, and
 * comes again with what it says.
 */
export const receiveMessage = (
  deps: ReceiveDeps,
  teamId: string,
  parse: ParseMessage,
  profile?: SlackProfile,
): Promise<Received | undefined> =>
  withSlackWorkspace(deps.db, teamId, async (trx) => {
    const workspace = await findWorkspace(trx, teamId);
    if (!workspace) deps.log.warn({ teamId }, 'an event came from a workspace that no organization has');
    const message = workspace && parse(workspace.botUserId);
    if (!message) return undefined;
    const said = readWords(message.text);
    const { person: known, job } = await findThreadContext(trx, {
      ...message,
      isAnswer: said?.kind === 'answer' || said?.kind === 'vague' || said?.kind === 'near',
      isForChannel: !message.isReply && message.direct && said !== undefined,
    });
    if (!isHeard(message, said, known, job)) return undefined;
    const isPress = message.pressedJob !== undefined;
    const isAct =
      isPress || said?.kind === 'answer' || said?.kind === 'undo' || (job !== undefined && !isFinal(job.status));
    const isAsked = profile !== undefined || message.isOutside === true;
    const mayAsk = known !== undefined || deps.unknownUsers === 'create';
    if (!isAsked && mayAsk && (!known || isAct || isStale(known) || known.deactivated_at))
      return { kind: 'unknown-person', message };
    const { organizationId } = workspace;
    const speaker = await identify(trx, { organizationId, message, known, profile, isAct });
    if (speaker === 'bot') return undefined;
    const { person, refusal } = speaker;
    if (refusal && isAct && (job || isPress || !message.mentionsBot))
      return refuseAct(trx, { organizationId, message, job, refusal, act: said?.kind, known });
    const heard =
      person && (await findSaidToWork(trx, { message, job, person: toPrincipal(organizationId, person), said }));
    if (heard) return heard === 'nothing' ? undefined : heard;
    if (isPress) return undefined;
    const request = toRequest(organizationId, message, person, job, refusal);
    return { kind: 'request', recorded: await recordRequest(deps, trx, request) };
  });

/**
 * What is meant for us: mentions, direct messages, our words in a thread where we work, and what the person who asked
 * writes in a thread that began with us, unless they speak to somebody else. In a thread that people began among
 * themselves, and from everybody else, only mentions and our words: nobody's talk starts work or costs anything.
 */
function isHeard(
  { mentionsBot, direct, addressesOthers }: ThreadMessage,
  said: Said | undefined,
  person: ThreadPerson | undefined,
  job: ThreadJob | undefined,
): boolean {
  if (mentionsBot || direct) return true;
  if (!job) return false;
  const waits = job.status === 'awaiting_approval';
  const isAsker = person !== undefined && person.id === job.user_id;
  if (said?.kind === 'undo' || (said?.kind === 'answer' && isDecisionFor(job, said.word))) return true;
  if (waits && (said?.kind === 'vague' || said?.kind === 'near')) {
    const who = person && { userId: person.id, role: person.role, isAsker };
    return isAsker || (who !== undefined && job.approval !== null && mayAnswer(job.approval.policy, who, Date.now()));
  }
  if (!isAsker || !job.is_ours || addressesOthers || said?.kind === 'thanks') return false;
  return said?.kind !== 'vague' || !isFinal(job.status) || job.asks_back;
}

/** APPROVE and CANCEL always; a choice where a question has it, and STOP where work runs. */
const isDecisionFor = ({ status, approval }: ThreadJob, { choice }: AnswerWord): boolean =>
  choice === undefined || approval?.choices?.includes(choice) === true || (choice === 'stop' && !isFinal(status));

const toPrincipal = (organizationId: string, { id, name, role, time_zone: timeZone }: ThreadPerson): Principal => ({
  organizationId,
  userId: id,
  name,
  role,
  timeZone,
});

interface Spoken {
  readonly message: ThreadMessage;
  readonly person: Principal;
  readonly job: ThreadJob | undefined;
  readonly said: Said | undefined;
}

/** What a message says to work, or what it is answered with at once; undefined for a request, `nothing` for politeness. */
async function findSaidToWork(trx: OrganizationTransaction, spoken: Spoken): Promise<SaidOnly | 'nothing' | undefined> {
  const { message, person: principal, job, said } = spoken;
  const language = job?.language ?? detectLanguage(message.text);
  const { words } = textsFor(language);
  const local = (text: string) => ({ kind: 'local', message, text }) as const;
  switch (said?.kind) {
    case 'answer':
      return (await acceptsUndo(trx, spoken, said.word)) ?? saidAnswer(spoken, said.word);
    case 'undo':
      return saidUndo(trx, spoken);
    case 'again':
      return job && mayAskAgain(job) ? { kind: 'again', message, principal, job } : local(words.nothingToRepeat);
    case 'edit': {
      const edited = job && !isFinal(job.status) && maySteer(principal, job) ? job.edited_message : null;
      if (!job || !edited) return local(words.tooLate);
      await setEdited(trx, job.id, null);
      return {
        kind: 'steering',
        message,
        principal,
        job,
        steer: { mode: 'steer', message: words.editedSteer(edited) },
      };
    }
    case 'help':
      return local(words.help);
    case 'status':
      return local(await statusReply(trx, principal.userId, language));
    case 'thanks':
      return 'nothing';
    case 'vague':
    case 'near':
      if (job?.approval && job.status === 'awaiting_approval')
        return local(exactWords(job.approval, textsFor(language)));
      if (said.kind === 'near' || (job && isFinal(job.status) && job.asks_back)) break;
      return local(job && !isFinal(job.status) ? words.nothingAsked : textsFor(language).nothingToApprove);
    case undefined:
      break;
  }
  return saidToRunning(trx, spoken);
}

/** Work that ended without doing what was asked. */
const mayAskAgain = ({ status }: ThreadJob): boolean =>
  status === 'failed' || status === 'expired' || status === 'cancelled';

function saidAnswer({ message, person: principal, job }: Spoken, word: AnswerWord): SaidOnly {
  if (!job || word.choice === undefined || job.approval?.choices?.includes(word.choice))
    return { kind: 'answer', message, principal, job, word };
  const texts = textsFor(job.language);
  if (word.choice === 'stop' && !isFinal(job.status))
    return maySteer(principal, job)
      ? { kind: 'steering', message, principal, job, steer: { mode: 'stop', message: '' } }
      : { kind: 'local', message, text: texts.mayNotCancel };
  if (word.choice === 'retry' && mayAskAgain(job)) return { kind: 'again', message, principal, job };
  const asked = job.status === 'awaiting_approval' ? job.approval : null;
  return { kind: 'local', message, text: asked ? exactWords(asked, texts) : texts.nothingToApprove };
}

/** APPROVE to what an undo has asked: nothing else can wait for an answer on work that is over. */
async function acceptsUndo(
  trx: OrganizationTransaction,
  { message, person: principal, job }: Spoken,
  { verdict, choice }: AnswerWord,
): Promise<SaidOnly | undefined> {
  if (!job || !isFinal(job.status) || verdict !== 'approve' || choice) return undefined;
  const changed = await findChangedInThread(trx, { ...message, threadTs: job.thread_ts, userId: principal.userId });
  return changed?.asks ? { kind: 'undo', message, principal, job: changed, accepts: true } : undefined;
}

async function saidUndo(trx: OrganizationTransaction, { message, person: principal, job }: Spoken): Promise<SaidOnly> {
  const language = job?.language ?? detectLanguage(message.text);
  const texts = textsFor(language);
  if (job && !isFinal(job.status)) return { kind: 'local', message, text: texts.words.undoLater };
  const threadTs = job?.thread_ts ?? message.threadTs;
  const changed = job && (await findChangedInThread(trx, { ...message, threadTs, userId: principal.userId }));
  return changed
    ? { kind: 'undo', message, principal, job: changed, accepts: false }
    : { kind: 'local', message, text: texts.tools.nothingToUndo };
}

/** A message to running work; undefined for a request. */
async function saidToRunning(
  trx: OrganizationTransaction,
  { message, person: principal, job }: Spoken,
): Promise<SaidOnly | undefined> {
  if (!job || !message.isReply || isFinal(job.status) || !maySteer(principal, job)) return undefined;
  const texts = textsFor(job.language);
  const steer = parseSteering(message.text);
  if (!steer) return { kind: 'local', message, text: texts.words.replanHow };
  const text = withQuotes(steer.message, message.quoted, texts.words.forwarded, STEERING_LIMITS.messageChars);
  if (text.length === 0 || text.length > STEERING_LIMITS.messageChars) return undefined;
  if (message.quoted.length > 0) await setQuotesOthers(trx, job.id);
  return { kind: 'steering', message, principal, job, steer: { ...steer, message: text } };
}

function toRequest(
  organizationId: string,
  message: ThreadMessage,
  person: ThreadPerson | undefined,
  job: ThreadJob | undefined,
  refusal: Refusal | undefined,
): IncomingRequest {
  const { teamId, channelId, threadTs, ts, text, direct, isReply, quoted, mentionsBot } = message;
  const sessionTs = direct && !isReply ? DIRECT_SESSION : threadTs;
  const language = detectLanguage(text || (quoted[0]?.text ?? ''));
  const { words } = textsFor(language);
  const own = text || (quoted.length > 0 ? words.forwardedOnly : '');
  return {
    organizationId,
    userId: person?.id ?? null,
    source: 'slack',
    message: withQuotes(own.slice(0, LIMITS.messageChars), quoted, words.forwarded, LIMITS.messageChars),
    language,
    quotesOthers: quoted.length > 0,
    readsThread: mentionsBot && isReply && !direct,
    options: {},
    keys: keysOf(message),
    slack: { teamId, channelId, threadTs, messageTs: ts },
    session: job
      ? { kind: 'of-thread', id: job.session_id }
      : { kind: 'thread', teamId, channelId, threadTs: sessionTs },
    refusal: refusal ?? refusalOf(message, person),
  };
}

/** Why nothing is run for this message; the person is told in the thread. */
function refusalOf({ text, quoted }: ThreadMessage, person: ThreadPerson | undefined): Refusal | undefined {
  if (!person) return 'unknown_user';
  if (person.role === 'guest') return 'guest';
  if (text.length === 0 && quoted.length === 0) return 'empty_message';
  return text.length > LIMITS.messageChars ? 'message_too_long' : undefined;
}
