import { randomUUID } from 'node:crypto';
import { isFinal } from '../../contracts/orchestration.ts';
import { STEERING_LIMITS } from '../../contracts/steering.ts';
import { changeOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import type { User, Workspace } from '../../db/queries/people.ts';
import { insertSteering } from '../../db/queries/steering.ts';
import { deliver } from './deliver.ts';
import type { SlackDoor } from './listeners.ts';
import { steeringIn, type HeardMessage } from './message.ts';

/** Whether a reply speaks to work that is under way: by the person who asked, or an admin. */
export const isSteering = (
  heard: HeardMessage,
  user: User | undefined,
  latest: Orchestration | undefined,
): latest is Orchestration =>
  heard.isReply &&
  heard.text.length > 0 &&
  heard.text.length <= STEERING_LIMITS.messageChars &&
  latest !== undefined &&
  !isFinal(latest.status) &&
  user !== undefined &&
  (user.role === 'admin' || (user.role !== 'guest' && latest.user_id === user.id));

/** Gives a reply to the work: people see it as pending until a step has taken it up. */
export async function steerInThread(
  door: SlackDoor,
  { organizationId, teamId }: Workspace,
  heard: HeardMessage,
  { user, latest }: { user: User | undefined; latest: Orchestration },
): Promise<void> {
  const { mode, message } = steeringIn(heard.text);
  const id = randomUUID();
  const keys = [
    ...(heard.eventId ? [`slack:event:${heard.eventId}`] : []),
    `slack:message:${teamId}:${heard.channelId}:${heard.ts}`,
  ];
  const words = { organizationId, kind: 'steering', orchestrationId: latest.id, keys, body: { id, mode } } as const;
  await deliver(door, words, async (trx) => {
    await insertSteering(trx, {
      organization_id: organizationId,
      id,
      orchestration_id: latest.id,
      user_id: user?.id ?? null,
      via: 'slack',
      mode,
      message,
    });
    await changeOrchestration(trx, { organizationId, id: latest.id, set: {}, event: 'orchestration_progress' });
  });
}
