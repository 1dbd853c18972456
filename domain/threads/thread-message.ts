import type { Choice } from '../../contracts/approval.ts';
import type { SteeringMode } from '../../contracts/steering.ts';
import type { Decision } from '../../contracts/workflow.ts';

/** A person's message in a Slack conversation. */
export interface ThreadMessage {
  readonly teamId: string;
  readonly eventId: string | undefined;
  readonly channelId: string;
  readonly direct: boolean;
  readonly slackUserId: string;
  /** Without the mention of the bot, entities decoded. */
  readonly text: string;
  readonly mentionsBot: boolean;
  readonly ts: string;
  /** The thread that an answer belongs to. */
  readonly threadTs: string;
  readonly isReply: boolean;
}

/** What Slack says of a person; parts may be missing. */
export interface SlackProfile {
  readonly name?: string | undefined;
  readonly locale?: string | undefined;
  readonly timeZone?: string | undefined;
  /** Slack's single- and multi-channel guests: people from outside, who read but start no work here either. */
  readonly isGuest?: boolean;
}

/** The name under which the same message may come again, whatever event brings it. */
export const messageKey = ({ teamId, channelId, ts }: ThreadMessage): string =>
  `slack:message:${teamId}:${channelId}:${ts}`;

/** Every name under which it may come again: one mention is delivered as two events. */
export const keysOf = (message: ThreadMessage): string[] => [
  ...(message.eventId ? [`slack:event:${message.eventId}`] : []),
  messageKey(message),
];

/** What a reply answers, if it is nothing but an answer. */
export interface AnswerWord {
  readonly verdict: Decision['verdict'];
  readonly choice?: Choice;
}

const WORDS: readonly (readonly [RegExp, AnswerWord])[] = [
  [/^(approve|approved|승인|승인합니다)[.!]*$/i, { verdict: 'approve' }],
  [/^(cancel|취소|취소합니다)[.!]*$/i, { verdict: 'cancel' }],
  [/^(raise|증액)[.!]*$/i, { verdict: 'approve', choice: 'raise' }],
  [/^(done|완료)[.!]*$/i, { verdict: 'approve', choice: 'done' }],
  [/^(retry|재시도)[.!]*$/i, { verdict: 'approve', choice: 'retry' }],
  [/^(skip|건너뛰기)[.!]*$/i, { verdict: 'approve', choice: 'skip' }],
  [/^(stop|중지)[.!]*$/i, { verdict: 'approve', choice: 'stop' }],
];

/** The answer that a text is; undefined when it says anything else. */
export const parseAnswer = (text: string): AnswerWord | undefined =>
  WORDS.find(([pattern]) => pattern.test(text.trim()))?.[1];

/** What a reply decides about an approval, if it is nothing but a decision. */
export function parseVerdict(text: string): Decision['verdict'] | undefined {
  const word = parseAnswer(text);
  return word?.choice ? undefined : word?.verdict;
}

/** Whether a reply wants taken back what the work has changed, and says nothing else. */
export const isUndo = (text: string): boolean => /^(undo|되돌리기|되돌려( ?(줘|주세요))?)[.!]*$/i.test(text.trim());

const REPLAN = /^(replan|plan again|다시 계획|계획 변경|재계획)[:,.\s]*/i;

/** How a message to running work is meant: STOP alone stops, REPLAN in front plans the rest anew, all else steers. */
export function parseSteering(text: string): { mode: SteeringMode; message: string } {
  if (parseAnswer(text)?.choice === 'stop') return { mode: 'stop', message: '' };
  const message = text.trim().replace(REPLAN, '');
  return REPLAN.test(text.trim()) && message.length > 0
    ? { mode: 'replan', message }
    : { mode: 'steer', message: text.trim() };
}
