import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { OVERWRITES, defineTool, ProviderError, type ToolContext, notRestored } from '../define.ts';
import { compareFields, differencesOf, leftAlone, restorable, parseBefore } from '../fields.ts';
import { type GithubClient, githubStatusOf, read, write } from './client.ts';
import { Issue, issueResource, MAX_BODY, toIssue, withMarkOf, withoutMark } from './issue.ts';
import { checkNames, repositoryArguments, repositoryOf } from './repository.ts';

const StateReason = z.enum(['completed', 'not_planned', 'duplicate', 'reopened']);

const changes = {
  title: z.string().trim().min(1).max(256).optional().describe('The new title.'),
  body: z.string().max(MAX_BODY).optional().describe('Markdown; replaces the whole body.'),
  state: z.enum(['open', 'closed']).optional().describe('Closes it or opens it again.'),
  stateReason: StateReason.optional().describe('Why it is closed or opened again.'),
  labels: z.array(z.string().min(1).max(50)).max(50).optional().describe('Replaces all labels.'),
  assignees: z.array(z.string().min(1).max(100)).max(10).optional().describe('Replaces all assignees; logins.'),
};

const Input = z.strictObject({
  ...repositoryArguments,
  number: z.number().int().min(1).describe('Number of the issue.'),
  ...changes,
});
type Input = z.infer<typeof Input>;
/** What is kept of an issue: only what would be changed. */
const Before = z
  .object({
    title: z.string(),
    body: z.string(),
    state: z.enum(['open', 'closed']),
    stateReason: z.string().nullable(),
    labels: z.array(z.string()),
    assignees: z.array(z.string()),
  })
  .partial();

/** The issue as it is; a pull request of that number is none. @throws ProviderError */
async function issueAt(client: GithubClient, args: Input, context: ToolContext) {
  const at = { ...repositoryOf(args, context), issue_number: args.number };
  const { data } = await read(context, () => client.rest.issues.get(at));
  if (data.pull_request)
    throw new ProviderError('refused', `#${args.number} is a pull request. This tool changes issues only.`);
  return data;
}

/** Names in any order and case; texts whatever their line ends. */
function isSame(a: unknown, b: unknown): boolean {
  const plain = (value: unknown) =>
    Array.isArray(value)
      ? value.map((one) => String(one).toLowerCase()).sort()
      : typeof value === 'string'
        ? value.replaceAll('\r\n', '\n').trim()
        : value;
  return isDeepStrictEqual(plain(a), plain(b));
}

interface Restored {
  readonly at: { readonly owner: string; readonly repo: string; readonly issue_number: number };
  readonly asked: ReturnType<typeof onWire>;
  readonly old: z.infer<typeof Before>;
  /** The fields that are put back. */
  readonly names: readonly string[];
}

/** Puts fields back, and answers which of them GitHub has not taken. */
async function putBack(client: GithubClient, { at, asked, old, names }: Restored, context: ToolContext) {
  const update = async (fields: Restored['asked']) =>
    valuesOf((await write(context, () => client.rest.issues.update({ ...at, ...fields }))).data);
  const differing = (now: ReturnType<typeof valuesOf>) => differencesOf(now, old, [...new Set(names)], isSameAfterUndo);
  const differs = differing(await update(asked));
  const { state, state_reason } = asked;
  if (state !== 'closed' || !state_reason || !differs.includes('stateReason')) return differs;
  // The reason of an issue that stays closed is taken only with closing it.
  await update({ state: 'open' });
  return differing(await update({ state, state_reason }));
}

/** An issue that is open again says so: GitHub never takes that back to no reason at all. */
const isSameAfterUndo = (now: unknown, before: unknown): boolean =>
  isSame(now, before) || (now === 'reopened' && before === null);

function wantedBy(args: Input) {
  const { owner: _, repo: __, number: ___, ...wanted } = args;
  return wanted;
}
const valuesOf = (wire: Awaited<ReturnType<typeof issueAt>>) => ({ ...toIssue(wire), body: withoutMark(wire.body) });

const onWire = ({ stateReason, ...rest }: Partial<Omit<Input, 'owner' | 'repo' | 'number'>>) => ({
  ...rest,
  ...(stateReason ? { state_reason: stateReason } : {}),
});

/** `PATCH /repos/…/issues/n`: a set, so saying it twice is harmless. */
export const updateIssue = defineTool<GithubClient>()({
  name: 'updateIssue',
  title: 'Change an issue',
  description: 'Changes an issue of a GitHub repository: only what is given; closing it too.',
  input: Input,
  output: Issue,
  annotations: OVERWRITES,
  async run(client, args, context) {
    const wanted = wantedBy(args);
    const at = { ...repositoryOf(args, context), issue_number: args.number };
    await checkNames(client, at, wanted, context);
    const old = await issueAt(client, args, context);
    const body = wanted.body === undefined ? {} : { body: withMarkOf(wanted.body, old.body) };
    const asked = { ...at, ...onWire(wanted), ...body };
    return write(context, async () => toIssue((await client.rest.issues.update(asked)).data));
  },
  async before(client, args, context) {
    const all = valuesOf(await issueAt(client, args, context));
    const touched = new Set([
      ...Object.keys(args),
      ...(args.state || args.stateReason ? ['state', 'stateReason'] : []),
    ]);
    return Object.fromEntries(Object.entries(all).filter(([field]) => field in changes && touched.has(field)));
  },
  async readBack(client, { args, before }, context) {
    try {
      const wire = await issueAt(client, args, context);
      const verdict = compareFields({ now: valuesOf(wire), wanted: wantedBy(args), before }, isSame);
      return verdict === 'happened' ? { happened: toIssue(wire) } : verdict;
    } catch (error) {
      if (githubStatusOf(error) === 404 || githubStatusOf(error) === 410) return 'unclear';
      throw error;
    }
  },
  resource: issueResource,
  async undo(client, { args, before }, context) {
    const old = parseBefore(Before, before);
    const at = { ...repositoryOf(args, context), issue_number: args.number };
    const now = await issueAt(client, args, context);
    const { restore, left } = restorable({ now: valuesOf(now), wanted: wantedBy(args), before: old }, isSame);
    // Closing it anew changes the reason as well, whether or not the call has named one.
    const hasSetState = args.state !== undefined || args.stateReason !== undefined;
    const isStillOurs = hasSetState && !left.includes('state') && !left.includes('stateReason');
    const reasonDiffers = isStillOurs && now.state_reason !== old.stateReason;
    const { stateReason: _, body, ...rest } = Before.parse(restore);
    const reason = StateReason.safeParse(old.stateReason);
    // GitHub takes a reason only together with the state.
    const state = rest.state ?? (reasonDiffers ? old.state : undefined);
    const asked = {
      ...onWire({ ...rest, ...(state && { state }), ...(state && reason.success && { stateReason: reason.data }) }),
      ...(body === undefined ? {} : { body: withMarkOf(body, now.body) }),
    };
    const names = [
      ...Object.keys(rest),
      ...(body === undefined ? [] : ['body']),
      ...(state ? ['state', 'stateReason'] : []),
    ];
    const differs = Object.keys(asked).length === 0 ? [] : await putBack(client, { at, asked, old, names }, context);
    return `Put ${at.owner}/${at.repo}#${args.number} back as it was.${leftAlone(left)}${notRestored(differs)}`;
  },
});
