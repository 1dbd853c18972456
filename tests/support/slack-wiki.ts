import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import { finalMessage } from './doors.ts';
import { startSharedNubabel, type Nubabel } from './nubabel.ts';
import { toolCall } from './replies.ts';
import { CHANNEL, hears, opsSays } from './slack-story.ts';
import { connect } from './tools.ts';

const TOOLS = [
  { name: 'search', description: 'Finds pages.', annotations: { readOnlyHint: true } },
  { name: 'createPage', description: 'Creates a page.' },
];

export interface WikiNubabel {
  readonly nubabel: Nubabel;
  readonly wiki: FakeMcp;
  /** Ops calls this tool of the wiki once, then says what it has said. */
  calls(tool: string, args: Record<string, unknown>, language?: 'en' | 'ko'): void;
  /** Somebody asks for it in Slack, every event four times; answers the thread. */
  asks(text?: string): Promise<string>;
  close(): Promise<void>;
}

/** A product in Slack whose organization has connected a remote MCP server that it trusts. */
export async function openWikiNubabel(given: { url?: (mcp: FakeMcp) => Promise<string> } = {}): Promise<WikiNubabel> {
  const [nubabel, wiki] = await Promise.all([
    startSharedNubabel({ slack: { limits: 'off' } }),
    createFakeMcp({ tools: TOOLS }),
  ]);
  const auth = { kind: given.url ? 'oauth' : 'none' };
  await connect(nubabel, {
    provider: 'wiki',
    name: 'Wiki',
    url: (await given.url?.(wiki)) ?? wiki.url,
    auth,
    trusted: true,
  });
  return {
    nubabel,
    wiki,
    calls: (tool, args, language = 'en') =>
      nubabel.model.setResponder(
        opsSays(language, ({ allToolResults: [result] }) =>
          result ? { text: `The wiki said: ${result.text}\nCONFIDENCE: 0.9` } : toolCall(`wiki__${tool}`, args),
        ),
      ),
    asks: (text = 'Arrange the team meeting in the wiki') => hears(nubabel, { text, mention: true }),
    close: async () => {
      await nubabel.close();
      await wiki.close();
    },
  };
}

export const ended = (nubabel: Nubabel, thread: string) => finalMessage(nubabel, CHANNEL, thread, 60_000);
