import type { AgentId } from '../../contracts/agents.ts';
import type { AgentChoice } from '../../contracts/orchestration.ts';
import { foldText } from './text.ts';
import type { RouterModel } from './model.ts';
import type { LocalDecision, Router } from './router.ts';
import { createIndex, createVectorizer } from './similarity.ts';

/** An admin's correction: requests like this one are for these agents. */
export interface OverrideExample {
  readonly id: string;
  readonly text: string;
  readonly agents: readonly AgentId[];
}

interface AdaptedDecision extends LocalDecision {
  /** The override that decided, and whether it is this very request or one like it. */
  readonly override?: { readonly id: string; readonly exact: boolean };
}

/** A router with an organization's overrides on top. Pure, and as quick as the one below. */
export interface AdaptedRouter {
  route(text: string): AdaptedDecision;
  /** As if this override had not been given: for judging what the others have taught. */
  routeWithout(id: string, text: string): AdaptedDecision;
}

/**
 * From this cosine on two requests count as the same; sentences of one shape about different things reach 0.65. Three
 * overrides that agree are stronger evidence, so a lower mean cosine is enough for them. Both were chosen on families of
 * requests in both languages.
 */
const MIN_SIMILARITY = 0.7;
const MIN_MEAN_SIMILARITY = 0.44;
const MIN_AGREEING = 3;
/** Overrides from this cosine on vote. */
const MIN_VOTE_SIMILARITY = 0.35;
const MAX_VOTERS = 5;
/** A decision needs this share of the votes; with less the overrides contradict each other and the model decides. */
const MAJORITY = 0.6;
const QUOTED_CHARS = 60;

/**
 * Creates routers that apply an organization's overrides: the same words get the override itself, similar words what the
 * nearest overrides say, everything else the trained router's decision.
 */
export function createAdapter(model: RouterModel, base: Router) {
  const vectorOf = createVectorizer(model);
  return (overrides: readonly OverrideExample[]): AdaptedRouter => {
    if (overrides.length === 0) return { route: base.route, routeWithout: (_, text) => base.route(text) };
    const exact = new Map(overrides.map((override) => [foldText(override.text), override]));
    const maxChars = 2 * overrides.reduce((most, { text }) => Math.max(most, text.length), 0);
    const cosinesWith = createIndex(overrides.map(({ text }) => vectorOf(text)));
    const near = (text: string, except?: string): AdaptedDecision => {
      const voters: Voter[] = [];
      const cosines = cosinesWith(vectorOf(text));
      for (let index = 0; index < cosines.length; index++) {
        const cosine = Math.min(1, cosines[index] ?? 0);
        const override = cosine >= MIN_VOTE_SIMILARITY ? overrides[index] : undefined;
        if (override && override.id !== except) voters.push({ override, cosine });
      }
      const elected = elect(voters.sort((a, b) => b.cosine - a.cosine).slice(0, MAX_VOTERS));
      const decision = base.route(text);
      return elected ? nearestMatch(elected, decision) : decision;
    };
    return {
      route: (text) => {
        // A text much longer than every override equals none of them, so it is not folded.
        const same = text.length <= maxChars ? exact.get(foldText(text)) : undefined;
        return same ? exactMatch(same, base.route(text)) : near(text);
      },
      routeWithout: (id, text) => near(text, id),
    };
  };
}

interface Voter {
  readonly override: OverrideExample;
  readonly cosine: number;
}

interface Elected extends Voter {
  readonly share: number;
}

/** The nearest override of the party with most votes, if the party is near enough and large enough. */
function elect(voters: readonly Voter[]): Elected | undefined {
  const parties = Map.groupBy(voters, ({ override }) => [...override.agents].sort().join('+'));
  const votesOf = (party: readonly Voter[]) => party.reduce((sum, { cosine }) => sum + cosine ** 4, 0);
  const [winner] = [...parties.values()].sort((a, b) => votesOf(b) - votesOf(a));
  const nearest = winner?.[0];
  if (!winner || !nearest || !isSimilarEnough(winner)) return undefined;
  const share = votesOf(winner) / votesOf(voters);
  return share < MAJORITY ? undefined : { ...nearest, share };
}

/** One override that is close, or several that are nearly so and agree. */
function isSimilarEnough(party: readonly Voter[]): boolean {
  if ((party[0]?.cosine ?? 0) >= MIN_SIMILARITY) return true;
  const sum = party.slice(0, MIN_AGREEING).reduce((total, { cosine }) => total + cosine, 0);
  return party.length >= MIN_AGREEING && sum / MIN_AGREEING >= MIN_MEAN_SIMILARITY;
}

function nearestMatch({ override, cosine, share }: Elected, base: LocalDecision): AdaptedDecision {
  // Never as sure as of the very same words.
  const confidence = Math.min(0.99, share * (0.8 + 0.2 * cosine));
  const quoted = foldText(override.text).slice(0, QUOTED_CHARS);
  const reason = `Like "${quoted}" (${Math.round(cosine * 100)} % alike), which an admin gave to ${namesOf(override)}.`;
  return { ...withAgents(override, base, confidence), reason, override: { id: override.id, exact: false } };
}

const exactMatch = (override: OverrideExample, base: LocalDecision): AdaptedDecision => ({
  ...withAgents(override, base, 1),
  reason: `An admin gave this request to ${namesOf(override)}.`,
  override: { id: override.id, exact: true },
});

/** The trained router's scores, with as much moved to the override's agents as it is sure of. */
function withAgents({ agents }: OverrideExample, base: LocalDecision, confidence: number) {
  const scores = base.scores.map(({ agent, relevance }) => ({
    agent,
    relevance: relevance * (1 - confidence) + (agents.includes(agent) ? confidence / agents.length : 0),
  }));
  const chosen: AgentChoice[] = agents.map((agent) => ({ agent, relevance: 1 / agents.length }));
  return { abstained: false, agents: chosen, confidence, scores: scores.sort((a, b) => b.relevance - a.relevance) };
}

const namesOf = ({ agents }: OverrideExample): string => agents.join(' + ');
