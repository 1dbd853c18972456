import { isFullUser, type UserObjectResponse } from '@notionhq/client';
import { ProviderError, type ToolContext } from '../define.ts';
import type { NotionClient } from './client.ts';
import { read } from './failures.ts';

/** Pages of 100 people that are looked through. */
const MAX_PAGES = 10;
/** Names shown of a longer list. */
const MAX_SHOWN = 20;

type Person = UserObjectResponse & { readonly type: 'person' };

async function listPeople(client: NotionClient, context: ToolContext): Promise<Person[]> {
  const people: Person[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const asked = { page_size: 100, ...(cursor ? { start_cursor: cursor } : {}) };
    const { results, next_cursor } = await read(context, () => client.users.list(asked));
    people.push(...results.filter((user): user is Person => isFullUser(user) && user.type === 'person'));
    if (!next_cursor) break;
    cursor = next_cursor;
  }
  return people;
}

/** The id of a person by email, name or id. @throws ProviderError that lists who there is. */
export async function findPerson(client: NotionClient, named: string, context: ToolContext): Promise<string> {
  const wanted = named.replace(/^@/, '').toLowerCase();
  const people = await listPeople(client, context);
  const found = people.filter(({ id, name, person }) =>
    [id, name, person.email].some((text) => text?.toLowerCase() === wanted),
  );
  const [one] = found;
  if (one && found.length === 1) return one.id;
  const list = (found.length > 1 ? found : people).slice(0, MAX_SHOWN);
  const shown = list.map(({ name, person }) => `${name ?? '?'}${person.email ? ` <${person.email}>` : ''}`).join(', ');
  throw new ProviderError(
    'refused',
    found.length > 1
      ? `Several people are called ${named}: ${shown}. Use the email.`
      : `There is no ${named} in this Notion workspace. There are: ${shown || 'nobody the integration can see'}.`,
  );
}
