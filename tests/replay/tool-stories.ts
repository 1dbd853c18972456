import { undoWorkflowId } from '../../contracts/queues.ts';
import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import type { Nubabel } from '../support/nubabel.ts';
import { askerOf, planReply, toolCall } from '../support/replies.ts';
import { answer, callTool, connect, setPolicy, toolEnv, waits } from '../support/tools.ts';
import { createFakeNotion, NOTION, type FakeNotion } from '../../dev/fakes/notion/index.ts';
import type { Story } from './stories.ts';

const KEY = 'wiki-key';
const WIKI = [
  { name: 'search', description: 'Finds pages.', annotations: { readOnlyHint: true } },
  { name: 'createPage', description: 'Creates a page.', inputSchema: { type: 'object' } },
];
const options = { env: toolEnv() };

/** An organization with a wiki of somebody else's and a Notion through a server of ours. */
async function withTools(nubabel: Nubabel, play: (given: { wiki: FakeMcp; notion: FakeNotion }) => Promise<string>) {
  const [wiki, notion] = await Promise.all([
    createFakeMcp({ tools: WIKI, authorization: `Bearer ${KEY}` }),
    createFakeNotion(),
  ]);
  try {
    const auth = { kind: 'api_key', apiKey: KEY };
    await connect(nubabel, { provider: 'wiki', name: 'Wiki', url: wiki.url, auth, trusted: true });
    await connect(nubabel, {
      provider: 'notion',
      name: 'Notion',
      url: notion.url,
      auth: { kind: 'api_key', apiKey: notion.token },
      settings: { database: NOTION.tasks },
    });
    return await play({ wiki, notion });
  } finally {
    await Promise.all([wiki.close(), notion.close()]);
  }
}

/** Ops makes these calls, one after the other, and answers. */
const calls = (nubabel: Nubabel, ...wanted: readonly (readonly [string, Record<string, unknown>])[]) =>
  nubabel.model.setResponder((request) => {
    if (askerOf(request) === 'planner')
      return planReply([
        {
          id: 'file_it',
          kind: 'tool',
          tool: 'notion__createTask',
          risk: 'write',
          instruction: `Create the task “${TASK[1].title}”.`,
        },
      ]);
    const next = wanted[request.allToolResults.length];
    return next ? toolCall(...next) : { text: 'It has been answered.\nCONFIDENCE: 0.8' };
  });
const TASK = ['notion__createTask', { title: 'Plan the launch' }] as const;
const SEARCH = ['wiki__search', { query: 'logo' }] as const;
const ask = async (nubabel: Nubabel): Promise<string> =>
  (await nubabel.ask('Plan the launch', { agents: ['ops'] })).jobId;
const answered = async (nubabel: Nubabel, jobId: string, more: Parameters<typeof answer>[2] = {}) => {
  await answer(nubabel, await nubabel.jobWhen(jobId, (job) => waits(job) && !job.approval?.decision), more);
};
const ended = async (nubabel: Nubabel, jobId: string): Promise<string> => {
  await nubabel.ended(jobId, 60_000);
  return jobId;
};

/** A run in which ops makes calls and people answer what they are asked. */
const story = (
  name: string,
  wanted: readonly (readonly [string, Record<string, unknown>])[],
  play: (nubabel: Nubabel, jobId: string, given: { wiki: FakeMcp; notion: FakeNotion }) => Promise<unknown>,
  prepare: (nubabel: Nubabel, given: { wiki: FakeMcp; notion: FakeNotion }) => unknown = () => undefined,
): Story => ({
  name,
  options,
  play: (nubabel) =>
    withTools(nubabel, async (given) => {
      calls(nubabel, ...wanted);
      await prepare(nubabel, given);
      const jobId = await ask(nubabel);
      await play(nubabel, jobId, given);
      return ended(nubabel, jobId);
    }),
});

const freely = (nubabel: Nubabel) => setPolicy(nubabel, { risks: [], untrusted: false });
const cutAfterwards = (_: Nubabel, { wiki }: { wiki: FakeMcp }) =>
  wiki.failNext('tools/call', { disconnect: 'before' });

/** Requests in which agents use tools. */
export const TOOL_STORIES: readonly Story[] = [
  story('tool-read', [SEARCH, SEARCH], () => Promise.resolve()),
  story('tool-approved', [TASK], (nubabel, jobId) => answered(nubabel, jobId)),
  story('tool-skipped', [TASK], (nubabel, jobId) => answered(nubabel, jobId, { choice: 'skip' })),
  story('tool-cancelled', [TASK], (nubabel, jobId) => answered(nubabel, jobId, { verdict: 'cancel' })),
  story('tool-loop', [SEARCH, SEARCH, SEARCH], (nubabel, jobId) => answered(nubabel, jobId, { choice: 'skip' })),
  story('tool-freely', [SEARCH, TASK], () => Promise.resolve(), freely),
  ...(['done', 'retry', 'skip', 'stop'] as const).map((choice) =>
    story(
      `effect-unknown-${choice}`,
      [['wiki__createPage', { title: 'Plan the launch' }]],
      (nubabel, jobId) => answered(nubabel, jobId, { choice }),
      async (nubabel, given) => {
        await freely(nubabel);
        cutAfterwards(nubabel, given);
      },
    ),
  ),
  {
    name: 'tool-job',
    options,
    play: (nubabel) =>
      withTools(nubabel, async () => {
        const { body } = await callTool(nubabel, TASK[0], TASK[1]);
        await answered(nubabel, body.jobId);
        return ended(nubabel, body.jobId);
      }),
  },
  {
    name: 'plan-tool-step',
    options,
    play: (nubabel) =>
      withTools(nubabel, async () => {
        calls(nubabel, TASK);
        const { jobId } = await nubabel.ask('Plan the launch', { plan: 'always' });
        await answered(nubabel, jobId);
        return ended(nubabel, jobId);
      }),
  },
  {
    name: 'undone',
    options,
    workflowId: undoWorkflowId,
    play: (nubabel) =>
      withTools(nubabel, async () => {
        calls(nubabel, TASK, ['notion__createTask', { title: 'Plan it again' }]);
        await freely(nubabel);
        const jobId = await ended(nubabel, await ask(nubabel));
        await nubabel.request(`/api/jobs/${jobId}/undo`, { method: 'POST' });
        await nubabel.jobWhen(jobId, ({ effects }) => effects?.undoable === 0);
        return jobId;
      }),
  },
];
