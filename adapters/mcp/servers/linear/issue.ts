import { z } from 'zod';
import type { ToolContext } from '../define.ts';
import { type LinearToolClient, isInvalidInput, read } from './client.ts';

/** Characters of a description that are shown; the rest is behind the link. */
const MAX_SHOWN_DESCRIPTION = 4_000;

/** What is asked of an issue in every document, so that one request is enough. */
export const ISSUE_FIELDS = `
  id identifier title description url priority dueDate createdAt updatedAt trashed
  state { id name type }
  team { id key name }
  assignee { id name displayName email }`;

/** Linear's priorities, in the order of their numbers. */
export const PRIORITIES = ['none', 'urgent', 'high', 'medium', 'low'] as const;

export interface WireIssue {
  readonly id: string;
  readonly identifier: string;
  readonly title: string;
  readonly description?: string | null;
  readonly url: string;
  readonly priority: number;
  readonly dueDate?: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly trashed?: boolean | null;
  readonly state: { readonly id: string; readonly name: string; readonly type: string };
  readonly team: { readonly id: string; readonly key: string; readonly name: string };
  readonly assignee?: {
    readonly id: string;
    readonly name: string;
    readonly displayName: string;
    readonly email: string;
  } | null;
}

/** An issue as tools show it. */
export const Issue = z.object({
  id: z.string().describe('Its UUID.'),
  identifier: z.string().describe('What people call it, as ENG-12.'),
  title: z.string(),
  description: z.string().describe(`Markdown, cut after ${MAX_SHOWN_DESCRIPTION} characters.`),
  status: z.string().describe('Name of the workflow state of its team.'),
  statusType: z.string().describe('triage, backlog, unstarted, started, completed or canceled.'),
  priority: z.enum(PRIORITIES),
  team: z.string().describe('Key of the team.'),
  assignee: z.object({ name: z.string(), email: z.string() }).nullable(),
  dueDate: z.string().nullable().describe('A date, as 2026-12-31.'),
  url: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type Issue = z.infer<typeof Issue>;

export const toIssue = (wire: WireIssue): Issue => ({
  id: wire.id,
  identifier: wire.identifier,
  title: wire.title,
  description: (wire.description ?? '').slice(0, MAX_SHOWN_DESCRIPTION),
  status: wire.state.name,
  statusType: wire.state.type,
  priority: PRIORITIES[wire.priority] ?? 'none',
  team: wire.team.key,
  assignee: wire.assignee ? { name: wire.assignee.name, email: wire.assignee.email } : null,
  dueDate: wire.dueDate ?? null,
  url: wire.url,
  createdAt: wire.createdAt,
  updatedAt: wire.updatedAt,
});

/** The payload of a mutation. */
export interface WrittenIssue {
  readonly success: boolean;
  readonly issue?: WireIssue | null;
}

/** The answer to a change, inside of the change: one that tells nothing leaves the outcome unknown. @throws Error */
export function toWrittenIssue({ issue }: WrittenIssue): Issue {
  if (issue) return toIssue(issue);
  throw new Error('Linear answered without the issue.');
}

export const issueResource = ({ identifier, url }: Issue) => ({ id: identifier, url });

/** An issue by its UUID or identifier. @throws ProviderError */
export async function getIssue(client: LinearToolClient, id: string, context: ToolContext): Promise<WireIssue> {
  const document = `query issue($id: String!) { issue(id: $id) { ${ISSUE_FIELDS} } }`;
  const { issue } = await read(context, () => client.ask<{ issue: WireIssue }>(document, { id }));
  return issue;
}

/** The same, undefined where there is none. @throws ProviderError */
export async function findIssue(
  client: LinearToolClient,
  id: string,
  context: ToolContext,
): Promise<WireIssue | undefined> {
  try {
    return await getIssue(client, id, context);
  } catch (error) {
    if (isInvalidInput(error)) return undefined;
    throw error;
  }
}
