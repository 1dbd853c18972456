import { z } from 'zod';
import { READS, defineTool, ProviderError } from '../define.ts';
import type { SentryClient } from './client.ts';
import { Issue, IssueId, readIssue, toIssue } from './issue.ts';

const Frame = z.object({
  filename: z.string().nullish(),
  function: z.string().nullish(),
  lineNo: z.number().nullish(),
  inApp: z.boolean().nullish(),
});

const Exceptions = z.object({
  type: z.literal('exception'),
  data: z.object({
    values: z.array(
      z.object({
        type: z.string().nullish(),
        value: z.string().nullish(),
        stacktrace: z.object({ frames: z.array(Frame).nullish() }).nullish(),
      }),
    ),
  }),
});

const WireEvent = z.object({
  eventID: z.string(),
  dateCreated: z.string().nullish(),
  message: z.string().nullish(),
  tags: z.array(z.object({ key: z.string(), value: z.string() })).default([]),
  entries: z.array(z.unknown()).default([]),
});

const LatestEvent = z.object({
  id: z.string(),
  at: z.string(),
  message: z.string(),
  exceptions: z.array(z.object({ type: z.string(), value: z.string(), frames: z.array(z.string()) })),
  tags: z.record(z.string(), z.string()),
});

/** Frames nearest to the fault that are shown. */
const MAX_FRAMES = 10;

const frameText = ({ filename, function: name, lineNo }: z.infer<typeof Frame>): string =>
  `${filename ?? '?'}:${lineNo ?? '?'} in ${name ?? '?'}`;

function toLatestEvent({ eventID, dateCreated, message, tags, entries }: z.infer<typeof WireEvent>) {
  const exceptions = entries.flatMap((entry) => Exceptions.safeParse(entry).data?.data.values ?? []);
  return {
    id: eventID,
    at: dateCreated ?? '',
    message: message ?? '',
    exceptions: exceptions.map(({ type, value, stacktrace }) => ({
      type: type ?? '',
      value: value ?? '',
      // Sentry keeps the innermost frame last.
      frames: (stacktrace?.frames ?? []).slice(-MAX_FRAMES).toReversed().map(frameText),
    })),
    tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
  };
}

export const getIssue = defineTool<SentryClient>()({
  name: 'getIssue',
  title: 'Read a Sentry issue',
  description: 'Reads one issue with the exceptions, the innermost stack frames and the tags of its latest event.',
  input: z.strictObject({ id: IssueId.describe('Number or short id, such as WEB-1A.') }),
  output: Issue.extend({ latestEvent: LatestEvent.nullable() }),
  annotations: READS,
  async run(client, { id }, { signal }) {
    const issue = await readIssue(client, id, signal);
    return { ...toIssue(issue), latestEvent: await latestEvent(client, issue.id, signal) };
  },
});

/** Events are kept for a time only: an old issue may have none. */
async function latestEvent(client: SentryClient, id: string, signal: AbortSignal) {
  try {
    return toLatestEvent((await client.ask('GET', `/issues/${id}/events/latest/`, WireEvent, { signal })).data);
  } catch (error) {
    if (error instanceof ProviderError && error.fault === 'refused') return null;
    throw error;
  }
}
