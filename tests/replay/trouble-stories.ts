import { answer, askPlanned, planned, post, REFUSED, scripted, SLOWLY, untilAgentWorks } from './scripted.ts';
import type { Story } from './stories.ts';

const refusedOnce = (_: string, nth: number) => (nth === 1 ? REFUSED : undefined);
const oneAgent: Story['play'] = async (nubabel) => {
  const { jobId } = await nubabel.ask('Plan the launch', { agents: ['brand'] });
  await nubabel.ended(jobId);
  return jobId;
};

/** Requests where something goes wrong on the way. */
export const TROUBLE_STORIES: readonly Story[] = [
  {
    name: 'healed',
    options: { model: { respond: scripted({ diagnoses: ['retry'], agent: refusedOnce }) } },
    play: oneAgent,
  },
  {
    name: 'healing-failed',
    options: { model: { respond: scripted({ diagnoses: ['retry'], agent: () => REFUSED }) } },
    play: oneAgent,
  },
  {
    name: 'healed-by-person',
    options: { model: { respond: scripted({ diagnoses: ['ask'], agent: refusedOnce }) } },
    play: async (nubabel) => {
      const { jobId } = await nubabel.ask('Plan the launch', { agents: ['brand'] });
      await answer(nubabel, jobId, 'healing', { choice: 'retry' });
      await nubabel.ended(jobId);
      return jobId;
    },
  },
  {
    name: 'budget-raised',
    options: { model: { respond: scripted({ agent: (_, nth) => (nth === 1 ? SLOWLY : undefined) }) } },
    play: async (nubabel) => {
      const { jobId } = await nubabel.ask('Plan the launch', { agents: ['brand', 'finance'], mode: 'sequential' });
      await untilAgentWorks(nubabel);
      const limits = { scope: 'organization', period: 'month', limitCents: 0 };
      await post(nubabel, '/api/admin/budgets', limits, 'PUT');
      await answer(nubabel, jobId, 'budget', { choice: 'raise' });
      await nubabel.ended(jobId);
      return jobId;
    },
  },
  {
    name: 'replanned-after-failure',
    options: {
      model: {
        respond: scripted({
          plans: [[planned('a'), planned('b', { needs: ['a'] })], [planned('c')]],
          agent: refusedOnce,
        }),
      },
    },
    play: async (nubabel) => {
      const jobId = await askPlanned(nubabel);
      await answer(nubabel, jobId, 'plan');
      await nubabel.ended(jobId);
      return jobId;
    },
  },
];
