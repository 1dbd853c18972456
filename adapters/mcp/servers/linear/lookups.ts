import { ProviderError, type ToolContext } from '../define.ts';
import { type LinearToolClient, read } from './client.ts';

/** Names shown of a longer list. */
const MAX_SHOWN = 20;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface State {
  readonly id: string;
  readonly name: string;
}
interface Team {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly states: { readonly nodes: readonly State[] };
}
interface User {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly email: string;
}

const refuse = (text: string): ProviderError => new ProviderError('refused', text);

const TEAMS = `query teams($filter: TeamFilter, $first: Int) {
  teams(filter: $filter, first: $first) { nodes { id key name states(first: 50) { nodes { id name } } } }
}`;

/** A team by key, name or id, with its states; the connection may have a usual one. @throws ProviderError */
export async function findTeam(
  client: LinearToolClient,
  given: string | undefined,
  context: ToolContext,
): Promise<Team> {
  const named = given ?? context.settings['team'];
  if (!named) throw refuse('Name the team, or set it as the setting team of the Linear connection.');
  const filter = UUID.test(named)
    ? { id: { eq: named } }
    : { or: [{ key: { eqIgnoreCase: named } }, { name: { eqIgnoreCase: named } }] };
  const ask = (variables: object) =>
    read(context, () => client.ask<{ teams: { nodes: Team[] } }>(TEAMS, { ...variables }));
  const [team] = (await ask({ filter, first: 2 })).teams.nodes;
  if (team) return team;
  const there = (await ask({ first: MAX_SHOWN })).teams.nodes.map(({ key, name }) => `${key} (${name})`);
  throw refuse(`There is no team ${named} that the key can see. There are: ${there.join(', ') || 'none'}.`);
}

/** The id of a team's workflow state. @throws ProviderError that lists the states there are. */
export function stateOf(team: Pick<Team, 'key' | 'states'>, status: string): string {
  const found = team.states.nodes.find(({ name }) => name.toLowerCase() === status.toLowerCase());
  if (found) return found.id;
  const there = team.states.nodes.map(({ name }) => name).slice(0, MAX_SHOWN);
  throw refuse(`Team ${team.key} has no status "${status}". It has: ${there.join(', ')}.`);
}

const USERS = `query users($filter: UserFilter, $first: Int) {
  users(filter: $filter, first: $first) { nodes { id name displayName email } }
}`;

/** The id of a person by email, name or id, or of "me". @throws ProviderError that lists who there is. */
export async function findUser(client: LinearToolClient, named: string, context: ToolContext): Promise<string> {
  const is = { eqIgnoreCase: named.replace(/^@/, '') };
  const filter =
    named.toLowerCase() === 'me'
      ? { isMe: { eq: true } }
      : UUID.test(named)
        ? { id: { eq: named } }
        : { or: [{ email: is }, { name: is }, { displayName: is }] };
  const ask = (variables: object) =>
    read(context, () => client.ask<{ users: { nodes: User[] } }>(USERS, { ...variables }));
  const found = (await ask({ filter, first: 5 })).users.nodes;
  const [user] = found;
  const shown = (users: readonly User[]) => users.map(({ name, email }) => `${name} <${email}>`).join(', ') || 'none';
  if (found.length > 1) throw refuse(`Several people are called ${named}: ${shown(found)}. Use the email.`);
  if (user) return user.id;
  const there = (await ask({ first: MAX_SHOWN })).users.nodes;
  throw refuse(`There is no ${named} in this Linear workspace. There are, for example: ${shown(there)}.`);
}
