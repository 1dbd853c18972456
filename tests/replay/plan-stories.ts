import { approveShown } from '../support/approvals.ts';
import { addPerson } from '../support/people.ts';
import { answer, askPlanned, planned, post, scripted, SLOWLY, untilAgentWorks, type Script } from './scripted.ts';
import type { Story } from './stories.ts';

const CHAIN = [planned('a'), planned('b', { needs: ['a'] })];
const BROKEN = [planned('a', { needs: ['nowhere'] })];

const story = (name: string, script: Script, play: Story['play'], env: Record<string, string> = {}): Story => ({
  name,
  options: { model: { respond: scripted(script) }, env },
  play,
});

/** Asks for a plan, does something with it and waits for the end. */
const withPlan =
  (then: (nubabel: Parameters<Story['play']>[0], jobId: string) => Promise<unknown>): Story['play'] =>
  async (nubabel) => {
    const jobId = await askPlanned(nubabel);
    await then(nubabel, jobId);
    await nubabel.ended(jobId);
    return jobId;
  };
const approved = withPlan((nubabel, jobId) => answer(nubabel, jobId, 'plan'));

/** Requests with a plan that goes as it was meant to, or as people want it to. */
export const PLAN_STORIES: readonly Story[] = [
  story('plan-approved', { plans: [[...CHAIN, planned('c')]] }, approved),
  story('plan-repaired', { plans: [BROKEN, CHAIN] }, approved),
  story(
    'plan-refused-twice',
    { plans: [BROKEN] },
    withPlan(async (nubabel, jobId) => {
      await nubabel.jobWhen(jobId, ({ status }) => status === 'awaiting_approval');
      await approveShown(nubabel, jobId);
    }),
  ),
  story(
    'plan-edited',
    { plans: [CHAIN] },
    withPlan((nubabel, jobId) =>
      answer(nubabel, jobId, 'plan', {
        edits: {
          steps: [
            { id: 'b', remove: true },
            { id: 'a', title: 'The only part' },
          ],
        },
      }),
    ),
  ),
  story('plan-dry-run', { plans: [CHAIN] }, async (nubabel) => {
    const { jobId } = await nubabel.ask('Plan the launch', { plan: 'always', dryRun: true });
    await nubabel.ended(jobId);
    return jobId;
  }),
  story(
    'approval-step',
    {
      plans: [
        [
          planned('a'),
          planned('sure', { kind: 'approval', agent: null, needs: ['a'] }),
          planned('b', { needs: ['sure'] }),
        ],
      ],
    },
    withPlan(async (nubabel, jobId) => {
      await answer(nubabel, jobId, 'plan');
      await answer(nubabel, jobId, 'step');
    }),
  ),
  story(
    'condition-skipped',
    {
      plans: [
        [
          planned('a'),
          planned('b', { needs: ['a'], when: 'steps.a.confidence > 0.9' }),
          planned('c', { needs: ['b'] }),
        ],
      ],
    },
    approved,
  ),
  story('quorum', {}, async (nubabel) => {
    await post(nubabel, '/api/admin/approval-policy', { quorum: 2 }, 'PUT');
    const second = await addPerson(nubabel, { role: 'admin' });
    const { jobId } = await nubabel.ask('Plan the launch', { agents: ['brand'], requireApproval: true });
    await answer(nubabel, jobId, 'requested');
    await nubabel.jobWhen(jobId, ({ approval }) => approval?.approvals?.length === 1);
    await approveShown(second, jobId);
    await nubabel.ended(jobId);
    return jobId;
  }),
  story(
    'steered-follow-up',
    { plans: [CHAIN], agent: (_, nth) => (nth <= 2 ? SLOWLY : undefined) },
    withPlan(async (nubabel, jobId) => {
      await answer(nubabel, jobId, 'plan');
      for (const nth of [1, 2]) {
        await untilAgentWorks(nubabel, nth);
        await post(nubabel, `/api/jobs/${jobId}/steer`, { message: 'Mind the logo' });
      }
    }),
  ),
  story(
    'stopped',
    { plans: [CHAIN], agent: () => SLOWLY },
    withPlan(async (nubabel, jobId) => {
      await answer(nubabel, jobId, 'plan');
      await untilAgentWorks(nubabel);
      await post(nubabel, `/api/jobs/${jobId}/steer`, { mode: 'stop' });
    }),
  ),
  story(
    'replanned',
    { plans: [CHAIN, [planned('c', { needs: ['a'] })]], agent: (_, nth) => (nth === 1 ? SLOWLY : undefined) },
    withPlan(async (nubabel, jobId) => {
      await answer(nubabel, jobId, 'plan');
      await untilAgentWorks(nubabel);
      await post(nubabel, `/api/jobs/${jobId}/steer`, { mode: 'replan', message: 'Without the logo' });
      await answer(nubabel, jobId, 'replan');
    }),
  ),
  story(
    'cancelled-while-planning',
    { plans: [{ hang: true }] },
    withPlan(async (nubabel, jobId) => {
      await nubabel.model.waitForRequests(2);
      await post(nubabel, `/api/jobs/${jobId}/cancel`);
    }),
  ),
];
