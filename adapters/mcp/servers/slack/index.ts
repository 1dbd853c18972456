import type { Provider } from '../define.ts';
import { createSlackToolClient, type SlackClient, read } from './client.ts';
import { getChannels } from './get-channels.ts';
import { getUsers } from './get-users.ts';
import { postMessage, sendThreadReply } from './post-message.ts';
import { updateMessage } from './update-message.ts';

/** Slack's Web API with a bot's token. Its limits are per method and minute, so they are met by `retry-after`. */
export const slack: Provider<SlackClient> = {
  provider: 'slack',
  title: 'Slack',
  defaultUrl: 'https://slack.com/api/',
  createClient: createSlackToolClient,
  async whoAmI(client, context) {
    const { user = '', team = '', url = '' } = await read(context, () => client.auth.test());
    return `@${user} in ${team} (${url})`;
  },
  tools: [postMessage, updateMessage, sendThreadReply, getChannels, getUsers],
};
