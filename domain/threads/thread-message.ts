import { CHOICES, type Approval } from '../../contracts/approval.ts';
import type { Language } from '../../contracts/agents.ts';
import { textsFor, type Texts } from '../../contracts/texts.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { listOpenWork } from '../../db/queries/threads.ts';
import type { QuotedWords } from '../../contracts/slack-text.ts';

/** A person's message in a Slack conversation. */
export interface ThreadMessage {
  readonly teamId: string;
  readonly eventId: string | undefined;
  readonly channelId: string;
  readonly direct: boolean;
  readonly slackUserId: string;
  /** Slack says with the message that its writer belongs to another company. */
  readonly isOutside?: boolean;
  /** Without the mention of the bot, with names and addresses for ids and labels. */
  readonly text: string;
  readonly mentionsBot: boolean;
  /** Somebody else is spoken to: a person, a group or a whole channel. */
  readonly addressesOthers: boolean;
  /** Forwarded messages and names of files. */
  readonly quoted: readonly QuotedWords[];
  readonly ts: string;
  /** The thread that an answer belongs to. */
  readonly threadTs: string;
  readonly isReply: boolean;
  /** Not written: the press of a button that names this work. */
  readonly pressedJob?: string;
}

/** The name under which the same message may come again, whatever event brings it. */
export const messageKey = ({ teamId, channelId, ts }: ThreadMessage): string =>
  `slack:message:${teamId}:${channelId}:${ts}`;

/** Every name under which it may come again: one mention is delivered as two events. */
export const keysOf = (message: ThreadMessage): string[] => [
  ...(message.eventId ? [`slack:event:${message.eventId}`] : []),
  messageKey(message),
];

/** Of these a plain yes is an answer of its own beside the choices. */
const PLAIN_YES: readonly Approval['kind'][] = ['step', 'tool'];

/** The words that decide a question, for somebody who has answered it in others. */
export function exactWords(approval: Pick<Approval, 'kind' | 'choices'>, texts: Texts): string {
  const { choices = [], kind } = approval;
  const words = [
    ...(choices.length === 0 || PLAIN_YES.includes(kind) ? [texts.words.approve] : []),
    ...CHOICES.filter((choice) => choices.includes(choice)).map((choice) => texts.choices[choice]),
    texts.words.cancel,
  ];
  return texts.words.exactly(words);
}

const SHOWN = 10;
const MESSAGE_CHARS = 80;

/** What of a person's work runs or waits for an answer; costs nothing. */
export async function statusReply(trx: OrganizationTransaction, userId: string, language: Language): Promise<string> {
  const texts = textsFor(language);
  const open = await listOpenWork(trx, { userId, limit: SHOWN });
  if (open.length === 0) return texts.words.noWork;
  const lines = open.map(({ status, step, progress, message, message_deleted_at: deleted }) => {
    const [line = ''] = (deleted ? texts.words.deletedRequest : message).trim().split('\n', 1);
    const title = line.length > MESSAGE_CHARS ? `${line.slice(0, MESSAGE_CHARS).toWellFormed()}…` : line;
    const state = status === 'awaiting_approval' ? `✋ ${texts.awaitingApproval}` : `⏳ ${step} (${progress} %)`;
    return `• “${title}”: ${state}`;
  });
  return [texts.words.openWork, ...lines].join('\n');
}
