import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import { finalMessage } from './doors.ts';
import { openSharedHouse, type House } from './house.ts';
import { toolCall } from './replies.ts';
import { CHANNEL, hears, opsSays } from './slack-story.ts';
import { connect } from './tools.ts';

const TOOLS = [
  { name: 'search', description: 'Finds pages.', annotations: { readOnlyHint: true } },
  { name: 'createPage', description: 'Creates a page.' },
];

export interface WikiHouse {
  readonly house: House;
  readonly wiki: FakeMcp;
  /** Ops calls this tool of the wiki once, then says what it has said. */
  calls(tool: string, args: Record<string, unknown>, language?: 'en' | 'ko'): void;
  /** Somebody asks for it in Slack, every event four times; answers the thread. */
  asks(text?: string): Promise<string>;
  close(): Promise<void>;
}

/** A house in Slack whose organization has connected a remote MCP server that it trusts. */
export async function openWikiHouse(given: { url?: (mcp: FakeMcp) => Promise<string> } = {}): Promise<WikiHouse> {
  const [house, wiki] = await Promise.all([
    openSharedHouse({ slack: { limits: 'off' } }),
    createFakeMcp({ tools: TOOLS }),
  ]);
  const auth = { kind: given.url ? 'oauth' : 'none' };
  await connect(house, {
    provider: 'wiki',
    name: 'Wiki',
    url: (await given.url?.(wiki)) ?? wiki.url,
    auth,
    trusted: true,
  });
  return {
    house,
    wiki,
    calls: (tool, args, language = 'en') =>
      house.model.setResponder(
        opsSays(language, ({ allToolResults: [result] }) =>
          result ? { text: `The wiki said: ${result.text}\nCONFIDENCE: 0.9` } : toolCall(`wiki__${tool}`, args),
        ),
      ),
    asks: (text = 'Arrange the team meeting in the wiki') => hears(house, { text, mention: true }),
    close: async () => {
      await house.close();
      await wiki.close();
    },
  };
}

export const ended = (house: House, thread: string) => finalMessage(house, CHANNEL, thread, 60_000);
