import type { Stage } from '../stage/stage.ts';

/** How long the model takes from now on, ms; the answers' delays are used in turn. */
export async function setDelays(stage: Stage, delays: { analysis: number; answers: readonly number[] }): Promise<void> {
  const answer = await fetch(`${stage.modelUrl}/_delays`, { method: 'POST', body: JSON.stringify(delays) });
  if (!answer.ok) throw new Error(`The model answered ${answer.status}.`);
}

/** How many calls the model has answered so far. */
export async function modelCalls(stage: Stage): Promise<number> {
  const answer = await fetch(`${stage.modelUrl}/_calls`, { method: 'POST' });
  return ((await answer.json()) as { calls: number }).calls;
}
