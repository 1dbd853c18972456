/** Rests before a turn that found no key asks again, by the tries it has made, s. */
const STEPS_SECONDS = [1, 2, 5, 10] as const;
const MAX_WAIT_SECONDS = 30;

/** The same steps for a key, by its failures in a row; three of them open its circuit for five minutes. */
export const KEY_POLICY = {
  mostCalls: 5,
  stepsSeconds: STEPS_SECONDS,
  longestWaitSeconds: MAX_WAIT_SECONDS,
  circuitFailures: 3,
  circuitSeconds: 300,
} as const;

/** So much longer than asked a wait may be, so that those who were refused together do not come back together. */
const JITTER = 0.1;
const FIRST_QUEUE_WAIT_MS = 250;
const MAX_QUEUE_WAIT_MS = 3_000;

type Random = () => number;

/** The wait after so many tries: 1, 2, 5, 10 s, and no less than what is asked for; half a minute at most. Pure. */
export function backOffMs(tries: number, atLeastMs = 0, random: Random = Math.random): number {
  const step = STEPS_SECONDS[Math.min(Math.max(tries, 1), STEPS_SECONDS.length) - 1] ?? 1;
  return jittered(Math.max(step * 1_000, atLeastMs), random);
}

/** A wait that the provider has named, never shorter. Pure. */
export const jittered = (ms: number, random: Random = Math.random): number =>
  Math.min(Math.ceil(ms * (1 + JITTER * random())), MAX_WAIT_SECONDS * 1_000);

/** The wait for a free key while every healthy one is at work: short at first, spread out by chance. Pure. */
export const queueWaitMs = (attempt: number, random: Random = Math.random): number =>
  Math.round(Math.min(FIRST_QUEUE_WAIT_MS * 1.5 ** (attempt - 1), MAX_QUEUE_WAIT_MS) * (0.5 + random()));
