import { z } from 'zod';
import { isDeepStrictEqual } from 'node:util';
import { defineTool, ProviderError, fieldLoss, notRestored } from '../define.ts';
import { compareFields } from '../fields.ts';
import type { SentryClient } from './client.ts';
import { Issue, IssueId, readIssue, toIssue } from './issue.ts';

const Before = z.object({
  status: z.string(),
  /** Such as `archived_until_escalating`; not kept before it was restored. */
  substatus: z.string().nullish(),
  statusDetails: z.record(z.string(), z.unknown()).nullish(),
});
type Before = z.infer<typeof Before>;

/** What the API takes of an issue's details as it tells them, to make it what it was again. */
const KEPT_DETAILS = [
  'inRelease',
  'inNextRelease',
  'ignoreCount',
  'ignoreWindow',
  'ignoreUserCount',
  'ignoreUserWindow',
];
const MINUTE_MS = 60_000;
const Commit = z.object({ id: z.string(), repository: z.object({ name: z.string() }) });

/** The details as the API takes them. What it tells as a moment or as a whole commit it takes in another form. */
function detailsToRestore({ statusDetails }: Before): Record<string, unknown> {
  const said = statusDetails ?? {};
  const until = typeof said['ignoreUntil'] === 'string' ? Date.parse(said['ignoreUntil']) : Number.NaN;
  const commit = Commit.safeParse(said['inCommit']).data;
  return {
    ...keptOf(said),
    ...(Number.isFinite(until) && { ignoreDuration: Math.max(1, Math.ceil((until - Date.now()) / MINUTE_MS)) }),
    ...(commit && { inCommit: { commit: commit.id, repository: commit.repository.name } }),
  };
}

const keptOf = (details: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(details).filter(([name, value]) => KEPT_DETAILS.includes(name) && value !== null && value !== false),
  );

const detailsOf = ({ inRelease, inNextRelease }: { inRelease?: string; inNextRelease: boolean }) =>
  inRelease ? { inRelease } : inNextRelease ? { inNextRelease } : {};

const stateOf = ({ status, statusDetails }: Before) => ({ status, details: keptOf(statusDetails ?? {}) });

/** How an issue is resolved, in words for people. */
const wayOf = ({ statusDetails }: Before): string => {
  const { inRelease, inNextRelease, inCommit } = statusDetails ?? {};
  if (typeof inRelease === 'string') return `in release ${inRelease}`;
  if (inCommit) return 'in a commit';
  return inNextRelease === true ? 'in the next release' : 'now';
};

const setStatus = async (client: SentryClient, id: string, body: Record<string, unknown>, signal: AbortSignal) =>
  // Sentry answers a single issue with what was changed, not with the issue.
  client.ask('PUT', `/issues/${id}/`, z.unknown(), { body, signal });

/** Puts an issue back to what it was; a substatus that Sentry sets only itself is left to it. */
async function restore(client: SentryClient, id: string, was: Before, signal: AbortSignal): Promise<void> {
  const body = { status: was.status, statusDetails: detailsToRestore(was) };
  if (!was.substatus) return void (await setStatus(client, id, body, signal));
  try {
    await setStatus(client, id, { ...body, substatus: was.substatus }, signal);
  } catch (error) {
    if (!(error instanceof ProviderError) || error.fault !== 'refused' || was.status !== 'unresolved') throw error;
    await setStatus(client, id, body, signal);
  }
}

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
    const { status, substatus, statusDetails } = await readIssue(client, id, signal);
    return { status, substatus: substatus ?? null, statusDetails: statusDetails ?? {} };
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
  async lostByUndo(client, { args, output }, { signal }) {
    const now = await readIssue(client, output.id, signal);
    const made = wayOf({ status: 'resolved', statusDetails: detailsOf(args) });
    // "In the next release" becomes that release by itself once there is one.
    const isAsMade = wayOf(now) === made || (args.inNextRelease && now.statusDetails?.['inRelease'] !== undefined);
    return now.status !== 'resolved' || isAsMade ? [] : [fieldLoss('resolved', wayOf(now))];
  },
  async undo(client, { output, before }, { signal }) {
    const was: Before = Before.safeParse(before).data ?? { status: 'unresolved', statusDetails: {} };
    const now = await readIssue(client, output.id, signal);
    if (now.status !== 'resolved') return `${output.shortId} is no longer resolved: there was nothing to undo.`;
    const until = was.statusDetails?.['ignoreUntil'];
    if (typeof until === 'string' && Date.parse(until) <= Date.now()) {
      await setStatus(client, output.id, { status: 'unresolved', statusDetails: {}, substatus: 'ongoing' }, signal);
      return `${output.shortId} was archived until ${until}, which is over: it is unresolved now.`;
    }
    await restore(client, output.id, was, signal);
    const after = await readIssue(client, output.id, signal);
    const differs = [
      ...(after.status === was.status ? [] : ['status']),
      ...(!was.substatus || after.substatus === was.substatus ? [] : [`substatus ${was.substatus}`]),
      ...(isDeepStrictEqual(stateOf(after).details, stateOf(was).details) ? [] : ['the condition']),
    ];
    const counts = was.statusDetails?.['ignoreCount'] || was.statusDetails?.['ignoreUserCount'];
    const recount = counts ? ' What it is archived until is counted from now again.' : '';
    return `${output.shortId} is ${was.status} again, as before.${recount}${notRestored(differs)}`;
  },
});
