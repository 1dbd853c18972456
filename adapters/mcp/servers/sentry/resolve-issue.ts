import { z } from 'zod';
import { defineTool } from '../define.ts';
import { compareFields } from '../fields.ts';
import type { SentryClient } from './client.ts';
import { Issue, IssueId, readIssue, toIssue } from './issue.ts';

const Before = z.object({
  status: z.string(),
  statusDetails: z.record(z.string(), z.unknown()).nullish(),
});

/** What the API takes of an issue's details to make it what it was again. */
const KEPT_DETAILS = [
  'inRelease',
  'inNextRelease',
  'ignoreCount',
  'ignoreWindow',
  'ignoreUserCount',
  'ignoreUserWindow',
];

const detailsOf = ({ inRelease, inNextRelease }: { inRelease?: string; inNextRelease: boolean }) =>
  inRelease ? { inRelease } : inNextRelease ? { inNextRelease } : {};

const stateOf = ({ status, statusDetails }: z.infer<typeof Before>) => ({
  status,
  details: Object.fromEntries(Object.entries(statusDetails ?? {}).filter(([name]) => KEPT_DETAILS.includes(name))),
});

const setStatus = async (client: SentryClient, id: string, body: Record<string, unknown>, signal: AbortSignal) =>
  // Sentry answers a single issue with what was changed, not with the issue.
  client.ask('PUT', `/issues/${id}/`, z.unknown(), { body, signal });

export const resolveIssue = defineTool<SentryClient>()({
  name: 'resolveIssue',
  title: 'Resolve a Sentry issue',
  description: 'Marks one issue as resolved: now, in the next release, or in a named release.',
  input: z.strictObject({
    id: IssueId.describe('Number or short id, such as WEB-1A.'),
    inNextRelease: z.boolean().default(false).describe('Resolved as of the next release instead of now.'),
    inRelease: z.string().trim().min(1).max(250).optional().describe('Version of the release that has the fix.'),
  }),
  output: Issue,
  // A status: nothing is lost that undo could not bring back.
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  async run(client, args, { signal }) {
    const issue = await readIssue(client, args.id, signal);
    await setStatus(client, issue.id, { status: 'resolved', statusDetails: detailsOf(args) }, signal);
    return toIssue({ ...issue, status: 'resolved' });
  },
  async before(client, { id }, { signal }) {
    const { status, statusDetails } = await readIssue(client, id, signal);
    return { status, statusDetails: statusDetails ?? {} };
  },
  async readBack(client, { args, before }, { signal }) {
    const issue = await readIssue(client, args.id, signal);
    const was = Before.safeParse(before).data;
    const verdict = compareFields({
      now: stateOf(issue),
      // Only of an issue that was resolved before do the details say whether it was us.
      wanted: was?.status === 'resolved' ? { status: 'resolved', details: detailsOf(args) } : { status: 'resolved' },
      before: was && stateOf(was),
    });
    return verdict === 'happened' ? { happened: toIssue(issue) } : verdict;
  },
  resource: ({ shortId, url }) => ({ id: shortId, url }),
  async undo(client, { output, before }, { signal }) {
    const was = Before.safeParse(before).data ?? { status: 'unresolved', statusDetails: {} };
    const { status } = await readIssue(client, output.id, signal);
    if (status !== 'resolved') return `${output.shortId} is no longer resolved: there was nothing to take back.`;
    await setStatus(client, output.id, { status: was.status, statusDetails: stateOf(was).details }, signal);
    return `${output.shortId} is ${was.status} again, as before.`;
  },
});
