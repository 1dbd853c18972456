import type { Stage } from '../stage/stage.ts';

/** How long the model takes from now on, ms; the answers' delays are used in turn. */
export async function setDelays(stage: Stage, delays: { analysis: number; answers: readonly number[] }): Promise<void> {
  const answer = await fetch(`${stage.modelUrl}/_delays`, { method: 'POST', body: JSON.stringify(delays) });
  if (!answer.ok) throw new Error(`The model answered ${answer.status}.`);
}
