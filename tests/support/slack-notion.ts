import { createFakeNotion, NOTION, type FakeNotion } from '../../dev/fakes/notion/index.ts';
import { startNubabel, startSharedNubabel, type Nubabel } from './nubabel.ts';
import { toolCall } from './replies.ts';
import { opsSays } from './slack-story.ts';
import { connect, toolEnv } from './tools.ts';

export interface NotionNubabel {
  readonly nubabel: Nubabel;
  readonly notion: FakeNotion;
  /** Ops creates this task, then says what the tool has said. */
  creates(title: string, language?: 'en' | 'ko'): void;
  /** Tasks of this title that were ever made. */
  made(title: string): number;
  /** Those of them that are not in the trash. */
  there(title: string): number;
  close(): Promise<void>;
}

/** A product in Slack whose organization has connected Notion; only one that is not shared may be killed. */
export async function openNotionNubabel({ isShared }: { readonly isShared: boolean }): Promise<NotionNubabel> {
  const slack = { limits: 'off' } as const;
  const [nubabel, notion] = await Promise.all([
    isShared ? startSharedNubabel({ slack }) : startNubabel({ env: toolEnv(), slack }),
    createFakeNotion({ limits: 'off' }),
  ]);
  await connect(nubabel, {
    provider: 'notion',
    name: 'Notion of Acme',
    url: notion.url,
    auth: { kind: 'api_key', apiKey: notion.token },
    settings: { database: NOTION.tasks },
  });
  const called = (title: string) =>
    notion.pages.filter(({ values }) => JSON.stringify(values['Task name']) === JSON.stringify([{ content: title }]));
  return {
    nubabel,
    notion,
    creates: (title, language = 'en') =>
      nubabel.model.setResponder(
        opsSays(language, ({ allToolResults: [result] }) =>
          result
            ? { text: `${language === 'ko' ? '결과' : 'The tool said'}: ${result.text}\nCONFIDENCE: 0.9` }
            : toolCall('notion__createTask', { title, assignee: 'ada@example.com' }),
        ),
      ),
    made: (title) => called(title).length,
    there: (title) => called(title).filter(({ inTrash }) => !inTrash).length,
    close: async () => {
      await nubabel.close();
      await notion.close();
    },
  };
}
