import type { NotionState } from './state.ts';

/** Ids of the seed. */
export const NOTION = {
  tasks: '11111111-1111-4111-8111-111111111111',
  tasksSource: '11111111-1111-4111-8111-aaaaaaaaaaaa',
  ideas: '22222222-2222-4222-8222-222222222222',
  secret: '33333333-3333-4333-8333-333333333333',
  bot: '44444444-4444-4444-8444-444444444444',
  ada: '55555555-5555-4555-8555-555555555555',
  minsu: '66666666-6666-4666-8666-666666666666',
} as const;

/** A task database in English, one in Korean with a select for its status and no text, and one that is not shared. */
export const demoWorkspace = (token: string): NotionState => ({
  token,
  bot: { id: NOTION.bot, name: 'Nubabel' },
  users: [
    { id: NOTION.ada, name: 'Ada Lovelace', email: 'ada@example.com' },
    { id: NOTION.minsu, name: '김민수', email: 'minsu@example.com' },
    { id: NOTION.bot, name: 'Nubabel' },
  ],
  databases: [
    {
      id: NOTION.tasks,
      dataSourceId: NOTION.tasksSource,
      title: 'Tasks',
      shared: true,
      properties: {
        'Task name': { id: 'title', type: 'title' },
        Status: { id: 'st', type: 'status', options: ['Not started', 'In progress', 'Done'] },
        Assignee: { id: 'as', type: 'people' },
        'Started on': { id: 'so', type: 'date' },
        'Due date': { id: 'du', type: 'date' },
        Summary: { id: 'su', type: 'rich_text' },
        Effort: { id: 'ef', type: 'number' },
      },
    },
    {
      id: NOTION.ideas,
      dataSourceId: '22222222-2222-4222-8222-aaaaaaaaaaaa',
      title: '아이디어',
      shared: true,
      properties: {
        이름: { id: 'title', type: 'title' },
        상태: { id: 'se', type: 'select', options: ['새로움', '완료'] },
      },
    },
    {
      id: NOTION.secret,
      dataSourceId: '33333333-3333-4333-8333-aaaaaaaaaaaa',
      title: 'Salaries',
      shared: false,
      properties: { Name: { id: 'title', type: 'title' } },
    },
  ],
  pages: [],
  site: 'https://www.notion.so',
});
