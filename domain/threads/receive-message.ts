import { randomUUID } from 'node:crypto';
import { LIMITS } from '../../contracts/limits.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import type { Principal } from '../../contracts/request.ts';
import { STEERING_LIMITS } from '../../contracts/steering.ts';
import type { Refusal } from '../../contracts/workflow.ts';
import { withSlackWorkspace, type OrganizationTransaction } from '../../db/organization.ts';
import { findWorkspace, findOrInsertSlackUser } from '../../db/queries/organizations.ts';
import { findChangedInThread, findThreadContext, type ThreadJob, type ThreadPerson } from '../../db/queries/threads.ts';
import type { DatabaseDeps, LogDeps } from '../deps.ts';
import {
  recordRequest,
  type IncomingRequest,
  type RecordDeps,
  type RecordedRequest,
} from '../orchestrations/accept.ts';
import { maySteer } from '../steering/steer.ts';
import {
  keysOf,
  type SlackProfile,
  type ThreadMessage,
  isUndo,
  parseAnswer,
  parseVerdict,
  type AnswerWord,
} from './thread-message.ts';

export interface ReceiveDeps extends DatabaseDeps, LogDeps, RecordDeps {
  readonly unknownUsers: 'create' | 'reject';
}

/** Parses an event for the workspace whose bot this is; undefined for whatever is no person's message. */
export type ParseMessage = (botUserId: string) => ThreadMessage | undefined;

/** What a message is: a request, which is recorded already, or something said to work that is there. */
export type Received =
  | { readonly kind: 'request'; readonly recorded: RecordedRequest }
  | { readonly kind: 'unknown-person'; readonly message: ThreadMessage }
  | (SaidToWork & { readonly kind: 'answer'; readonly word: AnswerWord; readonly job: ThreadJob | undefined })
  | (SaidToWork & { readonly kind: 'undo' | 'steering'; readonly job: Pick<ThreadJob, 'id' | 'language'> });

interface SaidToWork {
  readonly message: ThreadMessage;
  readonly principal: Principal;
}

/** Top-level direct messages are one conversation. */
const DIRECT_SESSION = 'direct';

/**
 * Finds out in one transaction whose workspace it is, who speaks and of what, and records a request there and then.
 * Undefined when it is none of our business: everything in a channel but mentions, and replies where we work. A person
 * nobody knows is told as such, and comes again with a profile.
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
    const word = parseAnswer(message.text);
    const { person: known, job } = await findThreadContext(trx, {
      ...message,
      isAnswer: word !== undefined,
      isForChannel: !message.isReply && message.direct && parseVerdict(message.text) !== undefined,
    });
    if (!message.mentionsBot && !message.direct && !job) return undefined;
    if (!known && !profile && deps.unknownUsers === 'create') return { kind: 'unknown-person', message };
    const { organizationId } = workspace;
    const person = known ?? (profile && (await findOrInsertSlackUser(trx, toUser(organizationId, message, profile))));
    const said =
      person && (await findSaidToWork(trx, { message, job, person: toPrincipal(organizationId, person), word }));
    if (said) return said;
    const request = toRequest(organizationId, message, person, job);
    return { kind: 'request', recorded: await recordRequest(deps, trx, request) };
  });

const toUser = (
  organizationId: string,
  { teamId, slackUserId }: ThreadMessage,
  { name, isGuest, locale, timeZone }: SlackProfile,
): Parameters<typeof findOrInsertSlackUser>[1] => ({
  organization_id: organizationId,
  id: randomUUID(),
  name: name ?? slackUserId,
  role: isGuest ? 'guest' : 'user',
  slack_team_id: teamId,
  slack_user_id: slackUserId,
  locale: locale ?? null,
  time_zone: timeZone ?? 'UTC',
});

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
  readonly word: AnswerWord | undefined;
}

/** An answer, an undo or a message to running work; undefined for a request. */
async function findSaidToWork(
  trx: OrganizationTransaction,
  { message, person: principal, job, word }: Spoken,
): Promise<Received | undefined> {
  // A choice is one only where a question has it; elsewhere the same word is just a word.
  const answers = word && (!word.choice || job?.approval?.choices?.includes(word.choice) === true);
  if (answers && (job || message.isReply)) return { kind: 'answer', message, principal, job, word };
  if (!job || !message.isReply) return undefined;
  // While the work runs UNDO is a message to the work.
  if (isFinal(job.status) && isUndo(message.text)) {
    const changed = await findChangedInThread(trx, { ...message, userId: principal.userId });
    if (changed) return { kind: 'undo', message, principal, job: changed };
  }
  const { length } = message.text;
  const isForWork = !isFinal(job.status) && length > 0 && length <= STEERING_LIMITS.messageChars;
  return isForWork && maySteer(principal, job) ? { kind: 'steering', message, principal, job } : undefined;
}

function toRequest(
  organizationId: string,
  message: ThreadMessage,
  person: ThreadPerson | undefined,
  job: ThreadJob | undefined,
): IncomingRequest {
  const { teamId, channelId, threadTs, text, direct, isReply } = message;
  const sessionTs = direct && !isReply ? DIRECT_SESSION : threadTs;
  return {
    organizationId,
    userId: person?.id ?? null,
    source: 'slack',
    message: text.slice(0, LIMITS.messageChars),
    options: {},
    keys: keysOf(message),
    slack: { teamId, channelId, threadTs },
    session: job ? { kind: 'known', id: job.session_id } : { kind: 'thread', teamId, channelId, threadTs: sessionTs },
    refusal: refusalOf(message, person),
  };
}

/** Why nothing is run for this message; the person is told in the thread. */
function refusalOf({ text }: ThreadMessage, person: ThreadPerson | undefined): Refusal | undefined {
  if (!person) return 'unknown_user';
  if (person.role === 'guest') return 'guest';
  if (text.length === 0) return 'empty_message';
  return text.length > LIMITS.messageChars ? 'message_too_long' : undefined;
}
