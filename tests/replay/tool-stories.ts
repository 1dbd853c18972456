import { undoWorkflowId } from '../../contracts/queues.ts';
import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import type { House } from '../support/house.ts';
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
async function withTools(house: House, play: (given: { wiki: FakeMcp; notion: FakeNotion }) => Promise<string>) {
  const [wiki, notion] = await Promise.all([
    createFakeMcp({ tools: WIKI, authorization: `Bearer ${KEY}` }),
    createFakeNotion(),
  ]);
  try {
    const auth = { kind: 'api_key', apiKey: KEY };
    await connect(house, { provider: 'wiki', name: 'Wiki', url: wiki.url, auth, trusted: true });
    await connect(house, {
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
const calls = (house: House, ...wanted: readonly (readonly [string, Record<string, unknown>])[]) =>
  house.model.setResponder((request) => {
    if (askerOf(request) === 'planner')
      return planReply([{ id: 'file_it', kind: 'tool', tool: 'notion__createTask', risk: 'write' }]);
    const next = wanted[request.allToolResults.length];
    return next ? toolCall(...next) : { text: 'It has been answered.\nCONFIDENCE: 0.8' };
  });
const TASK = ['notion__createTask', { title: 'Plan the launch' }] as const;
const SEARCH = ['wiki__search', { query: 'logo' }] as const;
const ask = async (house: House): Promise<string> => (await house.ask('Plan the launch', { agents: ['ops'] })).jobId;
const answered = async (house: House, jobId: string, more: Parameters<typeof answer>[2] = {}) => {
  await answer(house, await house.jobWhen(jobId, (job) => waits(job) && !job.approval?.decision), more);
};
const ended = async (house: House, jobId: string): Promise<string> => {
  await house.ended(jobId, 60_000);
  return jobId;
};

/** A run in which ops makes calls and people answer what they are asked. */
const story = (
  name: string,
  wanted: readonly (readonly [string, Record<string, unknown>])[],
  play: (house: House, jobId: string, given: { wiki: FakeMcp; notion: FakeNotion }) => Promise<unknown>,
  prepare: (house: House, given: { wiki: FakeMcp; notion: FakeNotion }) => unknown = () => undefined,
): Story => ({
  name,
  options,
  play: (house) =>
    withTools(house, async (given) => {
      calls(house, ...wanted);
      await prepare(house, given);
      const jobId = await ask(house);
      await play(house, jobId, given);
      return ended(house, jobId);
    }),
});

const freely = (house: House) => setPolicy(house, { risks: [], untrusted: false });
const cutAfterwards = (_: House, { wiki }: { wiki: FakeMcp }) => wiki.failNext('tools/call', { disconnect: 'before' });

/** Requests in which agents use tools. */
export const TOOL_STORIES: readonly Story[] = [
  story('tool-read', [SEARCH, SEARCH], () => Promise.resolve()),
  story('tool-approved', [TASK], (house, jobId) => answered(house, jobId)),
  story('tool-skipped', [TASK], (house, jobId) => answered(house, jobId, { choice: 'skip' })),
  story('tool-cancelled', [TASK], (house, jobId) => answered(house, jobId, { verdict: 'cancel' })),
  story('tool-loop', [SEARCH, SEARCH, SEARCH], (house, jobId) => answered(house, jobId, { choice: 'skip' })),
  story('tool-freely', [SEARCH, TASK], () => Promise.resolve(), freely),
  ...(['done', 'retry', 'skip', 'stop'] as const).map((choice) =>
    story(
      `effect-unknown-${choice}`,
      [['wiki__createPage', { title: 'Plan the launch' }]],
      (house, jobId) => answered(house, jobId, { choice }),
      async (house, given) => {
        await freely(house);
        cutAfterwards(house, given);
      },
    ),
  ),
  {
    name: 'tool-job',
    options,
    play: (house) =>
      withTools(house, async () => {
        const { body } = await callTool(house, TASK[0], TASK[1]);
        await answered(house, body.jobId);
        return ended(house, body.jobId);
      }),
  },
  {
    name: 'plan-tool-step',
    options,
    play: (house) =>
      withTools(house, async () => {
        calls(house, TASK);
        const { jobId } = await house.ask('Plan the launch', { plan: 'always' });
        await answered(house, jobId);
        return ended(house, jobId);
      }),
  },
  {
    name: 'undone',
    options,
    workflowId: undoWorkflowId,
    play: (house) =>
      withTools(house, async () => {
        calls(house, TASK, ['notion__createTask', { title: 'Plan it again' }]);
        await freely(house);
        const jobId = await ended(house, await ask(house));
        await house.request(`/api/jobs/${jobId}/undo`, { method: 'POST' });
        await house.jobWhen(jobId, ({ effects }) => effects?.undoable === 0);
        return jobId;
      }),
  },
];
