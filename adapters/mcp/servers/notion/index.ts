import type { Provider } from '../define.ts';
import { createNotionClient, type NotionClient, read } from './client.ts';
import { createTask } from './create-task.ts';
import { deleteTask } from './delete-task.ts';
import { getTasks } from './get-tasks.ts';
import { updateTask } from './update-task.ts';

/** Notion's API with the token of an integration. */
export const notion: Provider<NotionClient> = {
  provider: 'notion',
  title: 'Notion',
  defaultUrl: 'https://api.notion.com',
  // An average of three: developers.notion.com/reference/request-limits.
  requestsPerSecond: 3,
  createClient: createNotionClient,
  async whoAmI(client, context) {
    const me = await read(context, () => client.users.me({}));
    const workspace = me.type === 'bot' && 'workspace_name' in me.bot ? (me.bot.workspace_name ?? '') : '';
    return `${me.name ?? 'An integration'} in Notion${workspace ? ` (${workspace})` : ''}`;
  },
  tools: [getTasks, createTask, updateTask, deleteTask],
};
