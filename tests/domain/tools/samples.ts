import type { OfferedTool } from '../../../domain/tools/tool-host.ts';

/** A tool that may be called now; its slug is the part of its name before `__`. */
export function offeredTool(name: string, description = `Does ${name}.`, more: Partial<OfferedTool> = {}): OfferedTool {
  const [slug = '', remoteName = name] = name.split('__');
  return {
    name,
    remoteName,
    connectionId: '11111111-1111-4111-8111-111111111111',
    connection: slug,
    provider: slug,
    slug,
    definition: {
      name: remoteName,
      description,
      inputSchema: { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] },
      annotations: {},
    },
    risk: 'write',
    idempotent: false,
    takesEffectKey: false,
    canReadBack: false,
    canUndo: false,
    ...more,
  };
}

/** The tools of the product's own servers. */
export const HOUSE_TOOLS: readonly OfferedTool[] = [
  offeredTool('notion__getTasks', 'Lists the tasks of a Notion database, with their status, assignee and due date.'),
  offeredTool('notion__createTask', 'Creates a task in a Notion database.'),
  offeredTool('notion__updateTask', 'Changes the title, status or due date of a task.'),
  offeredTool('notion__deleteTask', 'Moves a task to the trash of Notion.'),
  offeredTool('slack__postMessage', 'Posts a message to a Slack channel.'),
  offeredTool('slack__sendThreadReply', 'Replies in the thread of a message.'),
  offeredTool('slack__getChannels', 'Lists the channels of the workspace.'),
  offeredTool('linear__getIssues', 'Lists issues of a Linear team.'),
  offeredTool('linear__createIssue', 'Creates an issue in Linear.'),
  offeredTool('jira__createIssue', 'Creates an issue in a Jira project.'),
  offeredTool('github__listPullRequests', 'Lists pull requests of a repository.'),
  offeredTool('sentry__resolveIssue', 'Marks an error group of Sentry as resolved.'),
  offeredTool('salesforce__query', 'Runs a SOQL query and returns the records.'),
];

const VERBS = ['create', 'list', 'update', 'delete', 'archive', 'export', 'assign', 'merge', 'count', 'share'];
const THINGS = ['widget', 'order', 'invoice', 'ticket', 'campaign', 'contact', 'report', 'folder', 'label', 'webhook'];

/** So many other tools, of twenty servers, with descriptions of usual length. */
export const manyTools = (count: number): OfferedTool[] =>
  Array.from({ length: count }, (_, index) => {
    const verb = VERBS[index % 10] ?? '';
    const thing = THINGS[Math.floor(index / 10) % 10] ?? '';
    const words = `Use it to ${verb} one ${thing} of the workspace by its id. Answers the ${thing} as it is afterwards. `;
    return offeredTool(`server_${Math.floor(index / 100)}__${verb}_${thing}_${index}`, words.repeat(3));
  });
