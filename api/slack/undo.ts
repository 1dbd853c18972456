import { textsFor } from '../../contracts/texts.ts';
import { withOrganization } from '../../db/organization.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import type { User, Workspace } from '../../db/queries/people.ts';
import { countEffects } from '../../db/queries/tool-views.ts';
import { ProblemError } from '../problems.ts';
import { undoJob } from '../undo.ts';
import { whisper } from './decisions.ts';
import type { SlackDoor } from './listeners.ts';
import type { HeardMessage } from './message.ts';

/** Whether a job has changed anything that can be taken back; otherwise the word is just a word. */
export const hasUndoable = (
  door: SlackDoor,
  { organization_id: organizationId, id }: Orchestration,
): Promise<boolean> =>
  withOrganization(door.db, organizationId, async (trx) => ((await countEffects(trx, [id]))[0]?.undoable ?? 0) > 0);

/** UNDO in a thread takes back what its work has changed; the message tells how far it is. */
export async function undoInThread(
  door: SlackDoor,
  { workspace, heard, user, latest }: { workspace: Workspace; heard: HeardMessage; user: User; latest: Orchestration },
): Promise<void> {
  const texts = textsFor(latest.language);
  const principal = {
    organizationId: workspace.organizationId,
    userId: user.id,
    name: user.name,
    role: user.role,
    timeZone: user.time_zone,
  };
  try {
    await undoJob(door, principal, latest.id);
    whisper(door, heard, texts.tools.undoing);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.kind === 'unavailable') throw error;
    whisper(door, heard, error.kind === 'forbidden' ? texts.tools.mayNotUndo : texts.tools.nothingToUndo);
  }
}
