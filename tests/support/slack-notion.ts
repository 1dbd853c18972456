import { createFakeNotion, NOTION, type FakeNotion } from '../../dev/fakes/notion/index.ts';
import { openHouse, openSharedHouse, type House } from './house.ts';
import { toolCall } from './replies.ts';
import { opsSays } from './slack-story.ts';
import { connect, toolEnv } from './tools.ts';

export interface NotionHouse {
  readonly house: House;
  readonly notion: FakeNotion;
  /** Ops creates this task, then says what the tool has said. */
  creates(title: string, language?: 'en' | 'ko'): void;
  /** Tasks of this title that were ever made. */
  made(title: string): number;
  /** Those of them that are not in the trash. */
  there(title: string): number;
  close(): Promise<void>;
}

/** A house in Slack whose organization has connected Notion; only one that is not shared may be killed. */
export async function openNotionHouse({ isShared }: { readonly isShared: boolean }): Promise<NotionHouse> {
  const slack = { limits: 'off' } as const;
  const [house, notion] = await Promise.all([
    isShared ? openSharedHouse({ slack }) : openHouse({ env: toolEnv(), slack }),
    createFakeNotion({ limits: 'off' }),
  ]);
  await connect(house, {
    provider: 'notion',
    name: 'Notion of Acme',
    url: notion.url,
    auth: { kind: 'api_key', apiKey: notion.token },
    settings: { database: NOTION.tasks },
  });
  const called = (title: string) =>
    notion.pages.filter(({ values }) => JSON.stringify(values['Task name']) === JSON.stringify([{ content: title }]));
  return {
    house,
    notion,
    creates: (title, language = 'en') =>
      house.model.setResponder(
        opsSays(language, ({ allToolResults: [result] }) =>
          result
            ? { text: `${language === 'ko' ? '결과' : 'The tool said'}: ${result.text}\nCONFIDENCE: 0.9` }
            : toolCall('notion__createTask', { title, assignee: 'ada@example.com' }),
        ),
      ),
    made: (title) => called(title).length,
    there: (title) => called(title).filter(({ inTrash }) => !inTrash).length,
    close: async () => {
      await house.close();
      await notion.close();
    },
  };
}
