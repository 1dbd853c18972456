import type { WebClient } from '@slack/web-api';
import type { DatabaseDeps } from '../../domain/deps.ts';
import { connectWorkspace } from '../../domain/organizations/organizations.ts';
import type { Logger } from '../../logging.ts';

export interface WorkspaceMapping {
  /** Resolves when the token's workspace is known; rejects while Slack cannot say, so that the event comes again. */
  settled(): Promise<void>;
  botUserId(): string | undefined;
}

const RETRY_MS = 2_000;
/** Slack gives three seconds; waiting longer for the mapping would only time out. */
const MAX_WAIT_MS = 2_000;

/** Maps the bot token's own workspace to an organization, as soon as Slack answers. */
export function mapOwnWorkspace(
  { db, client, log }: DatabaseDeps & { client: WebClient; log: Logger },
  organizationId: string,
): WorkspaceMapping {
  let botUserId: string | undefined;
  const mapped = (async () => {
    for (;;) {
      try {
        const { team_id: teamId, team, user_id: userId } = await client.auth.test();
        if (!teamId || !userId) throw new Error('Slack did not say whose token this is.');
        await connectWorkspace({ db }, organizationId, { teamId, name: team ?? teamId, botUserId: userId });
        botUserId = userId;
        return;
      } catch (error) {
        log.warn({ err: error }, 'the Slack workspace could not be mapped yet');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  })();
  return {
    botUserId: () => botUserId,
    settled: async () => {
      if (botUserId) return;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('The Slack workspace is not known yet.')), MAX_WAIT_MS);
      });
      await Promise.race([mapped, late]).finally(() => clearTimeout(timer));
    },
  };
}
