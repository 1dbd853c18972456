import { AGENT_IDS } from '../../../contracts/agents.ts';
import { readTrainingData } from '../../../tools/routing/examples.ts';

/** Ten examples of each agent: enough to learn from within a test. */
export async function fewExamples() {
  const { examples } = await readTrainingData();
  const some = AGENT_IDS.flatMap((id) => examples.filter(({ agents }) => agents.join() === id).slice(0, 10));
  return { examples: some, terms: [], patterns: [] };
}
