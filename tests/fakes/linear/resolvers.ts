import { randomUUID } from 'node:crypto';
import { isRecord } from '../../../dev/fakes/http-server.ts';
import type { ProviderCall } from '../../../dev/fakes/provider/types.ts';
import { LinearRefusalError } from './answers.ts';
import { connection, matches, type Source } from './lists.ts';
import type { LinearIssue, LinearState, LinearTeam, LinearUser } from './state.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const userOf = (state: LinearState, user: LinearUser): Source => ({
  ...user,
  active: true,
  isMe: user.id === state.viewerId,
});

const teamOf = (state: LinearState, team: LinearTeam): Source => ({
  ...team,
  states: (args: Source) => connection(team.states, args),
  issues: (args: Source) => issuesOf(state, { ...args, team: team.id }),
});

function issueOf(state: LinearState, issue: LinearIssue): Source {
  const team = state.teams.find(({ id }) => id === issue.teamId);
  const assignee = state.users.find(({ id }) => id === issue.assigneeId);
  const identifier = `${team?.key}-${issue.number}`;
  return {
    ...issue,
    identifier,
    trashed: issue.trashed || null,
    url: `https://linear.app/acme/issue/${identifier}`,
    team: team ? teamOf(state, team) : null,
    state: team?.states.find(({ id }) => id === issue.stateId),
    assignee: assignee ? userOf(state, assignee) : null,
    comments: (args: Source) =>
      connection(
        issue.comments.map(({ id, userId }) => ({ id, user: byId(state, userId) })),
        args,
      ),
    children: (args: Source) => connection(issue.children, args),
    attachments: (args: Source) => connection(issue.attachments, args),
    relations: (args: Source) => connection(issue.relations, args),
    history: (args: Source) =>
      connection(
        issue.history.map(({ id, actorId }) => ({ id, actor: byId(state, actorId) })),
        args,
      ),
  };
}

function byId(state: LinearState, id: string): Source | null {
  const user = state.users.find((one) => one.id === id);
  return user ? userOf(state, user) : null;
}

function issuesOf(state: LinearState, args: Source): Source {
  const found = state.issues
    .filter(({ trashed }) => !trashed)
    .map((issue) => issueOf(state, issue))
    .filter((issue) => matches(issue, args['filter']))
    .sort((a, b) => (String(a['updatedAt']) < String(b['updatedAt']) ? 1 : -1));
  return connection(found, args);
}

function findIssue(state: LinearState, id: unknown): LinearIssue {
  const found = state.issues.find((issue) => issue.id === id || issueOf(state, issue)['identifier'] === id);
  if (!found) throw new LinearRefusalError('Entity not found: Issue');
  return found;
}

/** `IssueCreateInput` and `IssueUpdateInput`, checked as far as the tools use them. */
function checked(state: LinearState, team: LinearTeam | undefined, input: unknown) {
  if (!isRecord(input)) throw new LinearRefusalError('Argument Validation Error');
  const { title, description, stateId, assigneeId, priority, dueDate } = input;
  if (stateId !== undefined && !team?.states.some(({ id }) => id === stateId))
    throw new LinearRefusalError('Entity not found: WorkflowState');
  if (typeof assigneeId === 'string' && !state.users.some(({ id }) => id === assigneeId))
    throw new LinearRefusalError('Entity not found: User');
  if (typeof title === 'string' && title.length > 255) throw new LinearRefusalError('title must be shorter than 255');
  const given = { title, description, stateId, assigneeId, priority, dueDate };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<LinearIssue>;
}

function createIssue(state: LinearState, input: unknown, call: ProviderCall): Source {
  const { id = randomUUID(), teamId, title } = isRecord(input) ? input : {};
  const team = state.teams.find((one) => one.id === teamId);
  if (!team) throw new LinearRefusalError('Entity not found: Team');
  if (typeof title !== 'string' || title === '') throw new LinearRefusalError('title must be a non-empty string');
  if (typeof id !== 'string' || !UUID.test(id)) throw new LinearRefusalError('id must be a UUID');
  if (state.issues.some((one) => one.id === id)) throw new LinearRefusalError(`conflict on insert of Issue: ${id}`);
  const now = new Date().toISOString();
  const issue: LinearIssue = {
    id,
    number: state.issues.filter((one) => one.teamId === team.id).length + 1,
    teamId: team.id,
    createdAt: now,
    updatedAt: now,
    title,
    description: null,
    stateId: team.states[0]?.id ?? '',
    assigneeId: null,
    priority: 0,
    dueDate: null,
    trashed: false,
    comments: [],
    children: [],
    attachments: [],
    relations: [],
    history: [],
    ...checked(state, team, input),
  };
  state.issues.push(issue);
  call.changed(`issue.created ${team.key}-${issue.number}`);
  return { success: true, lastSyncId: state.issues.length, issue: issueOf(state, issue) };
}

function updateIssue(state: LinearState, { id, input }: Source, call: ProviderCall): Source {
  const issue = findIssue(state, id);
  const team = state.teams.find((one) => one.id === issue.teamId);
  Object.assign(issue, checked(state, team, input), { updatedAt: new Date().toISOString() });
  issue.history.push({ id: randomUUID(), actorId: state.viewerId });
  call.changed(`issue.updated ${team?.key}-${issue.number}`);
  return { success: true, lastSyncId: 1, issue: issueOf(state, issue) };
}

function deleteIssue(state: LinearState, { id }: Source, call: ProviderCall): Source {
  const issue = findIssue(state, id);
  issue.trashed = true;
  call.changed(`issue.trashed ${String(issueOf(state, issue)['identifier'])}`);
  return { success: true, lastSyncId: 1, entity: issueOf(state, issue) };
}

/** The roots of queries and mutations. */
export const rootOf = (state: LinearState, call: ProviderCall): Source => {
  const users = state.users.map((user) => userOf(state, user));
  const teams = state.teams.map((team) => teamOf(state, team));
  const filtered = (list: readonly Source[]) => (args: Source) =>
    connection(
      list.filter((one) => matches(one, args['filter'])),
      args,
    );
  return {
    viewer: users.find(({ id }) => id === state.viewerId),
    users: filtered(users),
    teams: filtered(teams),
    issues: (args: Source) => issuesOf(state, args),
    issue: ({ id }: Source) => issueOf(state, findIssue(state, id)),
    issueCreate: ({ input }: Source) => createIssue(state, input, call),
    issueUpdate: (args: Source) => updateIssue(state, args, call),
    issueDelete: (args: Source) => deleteIssue(state, args, call),
  };
};
