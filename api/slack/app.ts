import { App, type Receiver } from '@slack/bolt';
import { handleMessage, type PrivateReply, type ThreadDeps } from '../../domain/threads/handle-message.ts';
import type { Logger } from '../../logging.ts';
import { teamOf, toThreadMessage, type Envelope } from './message.ts';
import type { WorkspaceMapping } from './workspace.ts';

interface SlackAppDeps extends ThreadDeps {
  readonly log: Logger;
  readonly botToken: string;
  readonly mapping: WorkspaceMapping;
  readonly postEphemeral: (reply: PrivateReply) => void;
}

/**
 * The Bolt application on a receiver of ours: what it is told is recorded before the listener returns. An error goes back
 * through the receiver, so that Slack delivers again.
 */
export async function createSlackApp(deps: SlackAppDeps, receiver: Receiver): Promise<App> {
  const app = new App({
    receiver,
    deferInitialization: true,
    authorize: () => Promise.resolve({ botToken: deps.botToken, botUserId: deps.mapping.botUserId() }),
  });
  await app.init();
  const listen = async (event: unknown, envelope: Envelope): Promise<void> => {
    await deps.mapping.settled();
    const parse = (botUserId: string) => toThreadMessage(event, envelope, botUserId);
    const reply = await handleMessage(deps, teamOf(envelope), parse);
    if (reply) deps.postEphemeral(reply);
  };
  app.event('app_mention', ({ event, body }) => listen(event, body));
  app.event('message', ({ event, body }) => listen(event, body));
  app.error((error) => Promise.reject(error.original ?? error));
  return app;
}
