import { TRAINED_AGENTS } from '../../../contracts/agents.ts';
import { readTrainingData } from '../../../tools/routing/examples.ts';

/** Ten examples of each agent: enough to learn from within a test. */
export async function fewExamples() {
  const { examples } = await readTrainingData();
  const some = TRAINED_AGENTS.flatMap((id) => examples.filter(({ agents }) => agents.join() === id).slice(0, 10));
  return { examples: some, terms: [], patterns: [] };
}
