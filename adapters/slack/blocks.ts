import { asking } from './blocks/asking.ts';
import { ended } from './blocks/ended.ts';
import type { Shown } from '../../domain/reports/shown.ts';
import { working } from './blocks/working.ts';
import type { SlackMessage } from '../../domain/reports/slack-port.ts';

/** The message of an orchestration as it is now: received, working, asking, or its end. Pure. */
export function toSlackMessage(shown: Shown): SlackMessage {
  const { status, approval } = shown.orchestration;
  if (status === 'awaiting_approval' && approval) return asking(shown, approval);
  return status === 'pending' || status === 'running' ? working(shown) : ended(shown);
}
