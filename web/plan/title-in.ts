import type { PlanView } from '../../contracts/plan.ts';

/** What a step is called: its title, or its id where no plan knows it. */
export const titleIn = (plan: PlanView | undefined, id: string): string =>
  plan?.steps.find((step) => step.id === id)?.title || id;
