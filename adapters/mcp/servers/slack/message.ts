import type { KnownBlock } from '@slack/web-api';
import { z } from 'zod';
import { ProviderError, type ToolContext } from '../define.ts';

/**
 * Slack takes up to 40,000 characters when posting and 4,000 when updating (`chat.update` answers `msg_too_long`); one
 * limit for both, so that what was posted can be restored.
 */
const MAX_TEXT = 4_000;
/** Blocks of one message. */
const MAX_BLOCKS = 50;

/** What a message says: the part that posting, replying and updating share. */
export const messageContent = {
  text: z
    .string()
    .min(1)
    .max(MAX_TEXT)
    .describe(
      "What the message says, in Slack's mrkdwn: *bold*, _italic_, `code`, <https://example.com|link>, <@U123> for a person. With blocks it is what notifications show.",
    ),
  blocks: z
    .array(z.looseObject({ type: z.string() }))
    .max(MAX_BLOCKS)
    .optional()
    .describe('Block Kit blocks to show instead of the text, at most 50. Leave out for plain messages.'),
};

export const channelArgument = z
  .string()
  .min(1)
  .max(100)
  .describe("The channel: its id (C…, G…, D…), its name with or without #, or a user's id (U…) for a direct message.");

export const tsArgument = z
  .string()
  .regex(/^\d{10}\.\d{6}$/, 'a ts looks like 1700000000.123456')
  .describe("The message's ts, as in 1700000000.123456.");

/** A message that was written. */
export const WrittenMessage = z.object({
  channel: z.string().describe('Id of the channel.'),
  ts: z.string().describe("The message's ts: with the channel its identity."),
  url: z.string().optional().describe('Link to the message.'),
});
export type WrittenMessage = z.infer<typeof WrittenMessage>;

export const messageResource = ({ channel, ts, url }: WrittenMessage) => ({
  id: `${channel}:${ts}`,
  ...(url ? { url } : {}),
});

interface Content {
  readonly text: string;
  readonly blocks?: readonly Readonly<Record<string, unknown>>[] | undefined;
}

/**
 * Text and blocks for the wire. Whole channels and groups are notified only where an admin allows it by the setting
 * `allowBroadcast`, whatever a text that a model has read says.
 */
export function contentForSlack({ text, blocks = [] }: Content, { settings }: ToolContext) {
  if (settings['allowBroadcast'] !== 'true' && [text, ...blocks].some(notifiesMany))
    throw new ProviderError(
      'refused',
      'Messages of this connection may not notify @channel, @here, @everyone or user groups. Leave it out; an admin can allow it with the setting allowBroadcast = "true".',
    );
  if ([text, ...blocks].some(hasDeceivingLink))
    throw new ProviderError(
      'refused',
      'A link of this message is labelled with another address than the one it opens. Write the address itself, or a label in words.',
    );
  // `[]` takes away what an updated message had; Slack keeps blocks that are not named.
  return { text, blocks: [...blocks] as unknown as KnownBlock[], ...AS_WRITTEN };
}

/** No previews, and no names or channels found in the text: what is sent is what was approved. */
export const AS_WRITTEN = { unfurl_links: false, unfurl_media: false, parse: 'none', link_names: false } as const;

const SLACK_LINK = /<([a-z][a-z0-9+.-]*:[^<>|\s]*)\|([^<>]*)>/gi;
const MARKDOWN_LINK = /\[([^[\]]*)\]\(\s*<?([a-z][a-z0-9+.-]*:[^\s()<>]*)/gi;

/** A label that is an address itself, of another host than the link's. */
function hasDeceivingLink(value: unknown): boolean {
  if (typeof value === 'string')
    return (
      [...value.matchAll(SLACK_LINK)].some(([, address, label]) => isOtherHost(label, address)) ||
      [...value.matchAll(MARKDOWN_LINK)].some(([, label, address]) => isOtherHost(label, address))
    );
  if (typeof value !== 'object' || value === null) return false;
  if ('url' in value && 'text' in value && isOtherHost(value.text, value.url)) return true;
  return Object.values(value).some(hasDeceivingLink);
}

/** Words are no address, whatever dot is in them: a scheme, `www.` or a common ending tells one. */
const HOST =
  /^[\s*_~`]*(?:(?:[a-z][a-z0-9+.-]*:\/\/|www\.)(?:[^/\s@]*@)?([^/\s:?#|]+)|((?:[\w-]+\.)+(?:com|org|net|io|dev|app|ai|co|kr|gov|edu))(?![\w.-]))/i;

const hostIn = (text: string): string | undefined => {
  const [, withScheme, alone] = HOST.exec(text) ?? [];
  return (withScheme ?? alone)?.toLowerCase().replace(/^www\./, '');
};

function isOtherHost(label: unknown, address: unknown): boolean {
  const named = typeof label === 'string' ? hostIn(label) : undefined;
  return named !== undefined && typeof address === 'string' && named !== hostIn(address);
}

/** Broadcasts are written `<!here>` in text, and as elements of their own in rich text. */
function notifiesMany(value: unknown): boolean {
  if (typeof value === 'string') return /<!(channel|here|everyone|group|subteam)/i.test(value);
  if (typeof value !== 'object' || value === null) return false;
  if ('type' in value && (value.type === 'broadcast' || value.type === 'usergroup')) return true;
  return Object.values(value).some(notifiesMany);
}
