import { textsFor } from '../../contracts/texts.ts';
import { withOrganization } from '../../db/organization.ts';
import { findChangedInThread, type Orchestration } from '../../db/queries/orchestrations.ts';
import type { User, Workspace } from '../../db/queries/people.ts';
import { ProblemError } from '../problems.ts';
import { RepeatedUndoError, undoJob } from '../../domain/effects/undo.ts';
import { keyOf, postEphemeral } from './decisions.ts';
import type { SlackDoor } from './listeners.ts';
import type { HeardMessage } from './message.ts';

/** The work of the thread that has changed something, taken back or not; without any the word is just a word. */
export const findChanged = (
  door: SlackDoor,
  { organizationId }: Workspace,
  { channelId, threadTs }: HeardMessage,
  { id: userId }: User,
): Promise<Orchestration | undefined> =>
  withOrganization(door.db, organizationId, (trx) => findChangedInThread(trx, { channelId, threadTs, userId }));

/** UNDO in a thread takes back what its work has changed; the message tells how far it is. */
export async function undoInThread(
  door: SlackDoor,
  {
    workspace,
    heard,
    user,
    changed,
  }: { workspace: Workspace; heard: HeardMessage; user: User; changed: Orchestration },
): Promise<void> {
  const texts = textsFor(changed.language);
  const principal = {
    organizationId: workspace.organizationId,
    userId: user.id,
    name: user.name,
    role: user.role,
    timeZone: user.time_zone,
  };
  try {
    // Slack repeats what it thinks was lost, and by then there may be other changes.
    await undoJob(door, principal, changed.id, [keyOf({ workspace, heard })]);
    postEphemeral(door, heard, texts.tools.undoing);
  } catch (error) {
    if (error instanceof RepeatedUndoError) return;
    if (!(error instanceof ProblemError) || error.kind === 'unavailable') throw error;
    postEphemeral(door, heard, error.kind === 'forbidden' ? texts.tools.mayNotUndo : texts.tools.nothingToUndo);
  }
}
