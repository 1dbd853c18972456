import { LIMITS } from '../../contracts/limits.ts';
import { withQuotes, type QuotedWords } from '../../contracts/slack-text.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { OrchestrationTarget } from '../../contracts/workflow.ts';
import { withOrganization, type DatabaseDeps } from '../../db/organization.ts';
import { getOrchestration } from '../../db/queries/orchestrations.ts';
import { findEarlierRequests, setRequestWords } from '../../db/queries/threads.ts';
import type { Attempt } from '../attempt.ts';
import { SlackCallError, type SlackPort } from '../reports/slack-port.ts';

interface ReadThreadDeps extends DatabaseDeps {
  readonly slack: SlackPort | undefined;
}

/** So often a thread is looked at before the work goes on without it. */
const TRIES = 3;

/**
 * Puts what people have said in a thread before they mentioned us below the request, as other people's words: what came
 * after the last request of the thread, bounded by size. Safe to repeat. A thread that cannot be read is named as such.
 * @throws SlackCallError for a fault that may pass, a few times.
 */
export async function readThread(deps: ReadThreadDeps, target: OrchestrationTarget, attempt: Attempt): Promise<void> {
  const { organizationId, orchestrationId } = target;
  const inside = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
    withOrganization(deps.db, organizationId, work);
  const { job, earlier } = await inside(async (trx) => {
    const found = await getOrchestration(trx, orchestrationId);
    return { job: found, earlier: await findEarlierRequests(trx, found) };
  });
  const { slack_channel_id: channelId, slack_thread_ts: threadTs, slack_message_ts: until, language, message } = job;
  const { words } = textsFor(language);
  if (!deps.slack || !channelId || !threadTs || !until || message.includes(words.thread)) return;
  const range = { after: earlier.at(-1) ?? '0', before: until };
  const said = await deps.slack.readThread({ channelId, threadTs }, range).catch((error: unknown) => {
    if (!(error instanceof SlackCallError) || (error.kind === 'unknown' && attempt.number < TRIES)) throw error;
    return undefined;
  });
  const quoted: QuotedWords[] = said?.filter(({ ts }) => !earlier.includes(ts)) ?? [{ text: words.threadUnread }];
  if (quoted.length === 0) return;
  const whole = withQuotes(message, quoted, words.thread, LIMITS.messageChars);
  await inside((trx) => setRequestWords(trx, orchestrationId, whole));
}
