import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { forgetOldest } from '../../contracts/forget-oldest.ts';
import type { AgentChoice } from '../../contracts/orchestration.ts';
import type { LocalRoute } from '../../db/tables/work.ts';
import { createAdapter, type AdaptedRouter, type OverrideExample } from './adapt.ts';
import { createIntentReader, parseIntentModel, type IntentModel, type IntentReader } from './intents.ts';
import { parseModel, type RouterModel } from './model.ts';
import { createRouter } from './router.ts';

const MAX_ALTERNATIVES = 3;
/** Routers with overrides that are kept; an organization that is not among them is learned anew with its next request. */
const MAX_ORGANIZATIONS = 64;
const DIGITS = 1e4;
/** Then others get their turn of the process. */
const JUDGED_AT_ONCE = 20;

/** The overrides of an organization, as of a version of them. */
interface Taught {
  readonly version: number;
  readonly overrides: readonly OverrideExample[];
}

export type Judgement = 'right' | 'wrong' | 'abstained';

/** The local path of every organization. Its decisions say which version of the overrides they were made with. */
export interface LocalRouter {
  route(text: string, organizationId: string): LocalRoute;
  learn(organizationId: string, taught: Taught): void;
  /** What kind of thing a request wants. */
  readonly readIntent: IntentReader;
  /** Whether each override would have been decided like that had only the others been given. */
  judge(overrides: readonly OverrideExample[]): Promise<Judgement[]>;
}

/** Opens the trained local path. */
export async function openLocalRouter(): Promise<LocalRouter> {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(new URL(name, import.meta.url), 'utf8'));
  return createLocalRouter(parseModel(await read('./model.json')), parseIntentModel(await read('./intent-model.json')));
}

export function createLocalRouter(model: RouterModel, intentModel: IntentModel): LocalRouter {
  const base = createRouter(model);
  const adapt = createAdapter(model, base);
  const untaught = { version: 0, router: adapt([]) };
  // In the order of their last use, so that the first one is the one to let go.
  const known = new Map<string, { version: number; router: AdaptedRouter }>();
  const use = (organizationId: string) => {
    const found = known.get(organizationId);
    if (!found) return untaught;
    known.delete(organizationId);
    known.set(organizationId, found);
    return found;
  };
  return {
    readIntent: createIntentReader(intentModel),
    route(text, organizationId) {
      const { version, router } = use(organizationId);
      return toLocalRoute(router.route(text), version);
    },
    learn(organizationId, { version, overrides }) {
      if (use(organizationId).version === version) return;
      known.delete(organizationId);
      known.set(organizationId, { version, router: adapt(overrides) });
      forgetOldest(known, MAX_ORGANIZATIONS);
    },
    judge: judgingOnce(adapt),
  };
}

/** Judges overrides, which takes a while, and keeps what came of it until they are others. */
function judgingOnce(adapt: (overrides: readonly OverrideExample[]) => AdaptedRouter): LocalRouter['judge'] {
  const kept = new Map<string, Judgement[]>();
  return async (overrides) => {
    const given = overrides.map(({ id, text, agents }) => [id, text, agents]);
    const key = createHash('sha256').update(JSON.stringify(given)).digest('hex');
    const known = kept.get(key);
    if (known) return known;
    const router = adapt(overrides);
    const judgements: Judgement[] = [];
    for (const override of overrides) {
      judgements.push(judgementOf(router, override));
      if (judgements.length % JUDGED_AT_ONCE === 0) await setImmediate();
    }
    kept.set(key, judgements);
    forgetOldest(kept, MAX_ORGANIZATIONS);
    return judgements;
  };
}

function judgementOf(router: AdaptedRouter, { id, text, agents }: OverrideExample): Judgement {
  const decision = router.routeWithout(id, text);
  if (decision.abstained) return 'abstained';
  const same = decision.agents.length === agents.length && decision.agents.every(({ agent }) => agents.includes(agent));
  return same ? 'right' : 'wrong';
}

function toLocalRoute(decision: ReturnType<AdaptedRouter['route']>, version: number): LocalRoute {
  const { agents, scores, confidence, abstained, reason, override } = decision;
  const chosen = new Set(agents.map(({ agent }) => agent));
  const alternatives = scores.filter(({ agent }) => !chosen.has(agent)).slice(0, MAX_ALTERNATIVES);
  return {
    agents,
    alternatives,
    confidence,
    abstained,
    reason,
    scores: scores.map(rounded),
    decidedBy: override?.exact ? 'override' : 'local',
    ...(override && { overrideId: override.id }),
    version,
  };
}

const rounded = ({ agent, relevance }: AgentChoice): AgentChoice => ({
  agent,
  relevance: Math.round(relevance * DIGITS) / DIGITS,
});
