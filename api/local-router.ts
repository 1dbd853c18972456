import { readFile } from 'node:fs/promises';
import type { LocalRoute } from '../db/tables/work.ts';
import { parseModel } from '../routing/model.ts';
import { createRouter } from '../routing/router.ts';

const MOST_ALTERNATIVES = 3;

/** The trained local path, as the door keeps its decisions. */
export async function openLocalRouter(): Promise<(text: string) => LocalRoute> {
  const file = new URL('../routing/model.json', import.meta.url);
  const router = createRouter(parseModel(JSON.parse(await readFile(file, 'utf8'))));
  return (text) => {
    const { agents, scores, confidence, abstained, reason } = router.route(text);
    const chosen = new Set(agents.map(({ agent }) => agent));
    const alternatives = scores.filter(({ agent }) => !chosen.has(agent)).slice(0, MOST_ALTERNATIVES);
    return { agents, alternatives, confidence, abstained, reason };
  };
}
