import { randomUUID } from 'node:crypto';
import { LIMITS } from '../../contracts/limits.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import type { Refusal } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { findInThread, type Orchestration } from '../../db/queries/orchestrations.ts';
import { takeSlackSession, touchSession } from '../../db/queries/sessions.ts';
import { findSlackUser, type User, type Workspace } from '../../db/queries/people.ts';
import { acceptRequest, type IncomingRequest } from '../../domain/orchestrations/accept.ts';
import type { ApiDeps } from '../deps.ts';
import { answerInThread } from './decisions.ts';
import { findChanged, undoInThread } from './undo.ts';
import { isUndo, verdictIn, wordIn, type HeardMessage } from './message.ts';
import { createUnknownUser, type SlackPeople } from './people.ts';
import { isSteering, steerInThread } from './steering.ts';

const TITLE_CHARS = 80;
/** Top-level direct messages are one conversation. */
const DIRECT_SESSION = 'direct';

export interface SlackDoor extends ApiDeps {
  readonly people: SlackPeople;
  /** False when this process has seen the key lately. */
  readonly firstTime: (key: string) => boolean;
}

/**
 * Hears a person: a mention, a direct message or a reply in a thread where Nubabel works. Everything else in a channel
 * is none of its business.
 */
export async function handleMessage(door: SlackDoor, workspace: Workspace, heard: HeardMessage): Promise<void> {
  const { latest, concernsUs, known } = await loadThreadContext(door, workspace, heard);
  if (!concernsUs) return;
  const user = known ?? (await createUnknownUser(door, door.people, workspace, heard.slackUserId));
  const word = wordIn(heard.text);
  // A choice is one only where a question has it; elsewhere the same word is just a word.
  const answers = word && (!word.choice || latest?.approval?.choices?.includes(word.choice) === true);
  if (answers && user && (latest || heard.isReply))
    return answerInThread(door, { workspace, heard, user, latest, word });
  // While the work runs it is a word to the work.
  if (user && latest && isFinal(latest.status) && heard.isReply && isUndo(heard.text)) {
    const changed = await findChanged(door, workspace, heard, user);
    if (changed) return undoInThread(door, { workspace, heard, user, changed });
  }
  if (isSteering(heard, user, latest)) return steerInThread(door, workspace, heard, { user, latest });
  await acceptRequest(door, toIncoming(workspace, heard, user, latest));
}

interface Surroundings {
  readonly latest: Orchestration | undefined;
  readonly concernsUs: boolean;
  readonly known: User | undefined;
}

/** What is known of the thread and of who speaks, in one look. */
const loadThreadContext = (
  door: SlackDoor,
  { organizationId, teamId }: Workspace,
  heard: HeardMessage,
): Promise<Surroundings> =>
  withOrganization(door.db, organizationId, async (trx) => {
    const anybodys = await latestInThread(trx, heard);
    const concernsUs = heard.mentionsBot || heard.direct || anybodys !== undefined;
    const known = concernsUs ? await findSlackUser(trx, { teamId, userId: heard.slackUserId }) : undefined;
    const latest = anybodys && known ? await latestInThread(trx, heard, known.id) : anybodys;
    return { latest, concernsUs, known };
  });

/** The work of the thread that somebody speaks of; top-level direct messages answer the newest work of that conversation. */
async function latestInThread(
  trx: OrganizationTransaction,
  { channelId, threadTs, text, isReply, direct }: HeardMessage,
  userId?: string,
): Promise<Orchestration | undefined> {
  const place = { channelId, answers: wordIn(text) !== undefined, ...(userId && { userId }) };
  const inThread = await findInThread(trx, { ...place, threadTs });
  if (inThread || isReply || !direct || !verdictIn(text)) return inThread;
  return findInThread(trx, place);
}

function toIncoming(
  { organizationId, teamId }: Workspace,
  heard: HeardMessage,
  user: User | undefined,
  latest: Orchestration | undefined,
): IncomingRequest {
  const refusal = refusalOf(heard, user);
  return {
    organizationId,
    userId: user?.id ?? null,
    source: 'slack',
    message: heard.text.slice(0, LIMITS.messageChars),
    options: {},
    keys: [
      ...(heard.eventId ? [`slack:event:${heard.eventId}`] : []),
      `slack:message:${teamId}:${heard.channelId}:${heard.ts}`,
    ],
    slack: { teamId, channelId: heard.channelId, threadTs: heard.threadTs },
    session: async (trx) => {
      if (!latest) return newSession(trx, organizationId, heard, user);
      await touchSession(trx, latest.session_id);
      return latest.session_id;
    },
    ...(refusal && { refusal }),
  };
}

/** Why nothing is run for this message; the person is told in the thread. */
function refusalOf(heard: HeardMessage, user: User | undefined): Refusal | undefined {
  if (!user) return 'unknown_user';
  if (user.role === 'guest') return 'guest';
  if (heard.text.length === 0) return 'empty_message';
  return heard.text.length > LIMITS.messageChars ? 'message_too_long' : undefined;
}

async function newSession(
  trx: OrganizationTransaction,
  organizationId: string,
  heard: HeardMessage,
  user: User | undefined,
): Promise<string> {
  const session = await takeSlackSession(trx, {
    organization_id: organizationId,
    id: randomUUID(),
    user_id: user?.id ?? null,
    source: 'slack',
    title: heard.text.slice(0, TITLE_CHARS) || '…',
    slack_team_id: heard.teamId,
    slack_channel_id: heard.channelId,
    slack_thread_ts: heard.direct && !heard.isReply ? DIRECT_SESSION : heard.threadTs,
  });
  return session.id;
}
