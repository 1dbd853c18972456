/** What every bare step returns: one hundred bytes of JSON. */
const RESULT = { bytes: 'x'.repeat(88) };

const step = () => Promise.resolve(RESULT);

/** The same steps as the product's, and nothing in them. */
export const bareActivities = {
  analyze: step,
  answer: step,
  report: step,
  route: step,
  finish: step,
  plan: step,
  adopt: step,
  /** Stands in for the product's activity when its own executor of steps is measured with more agents than a request may name. */
  runAgent: () => Promise.resolve(),
};

export type BareActivities = typeof bareActivities;
