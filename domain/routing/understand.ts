import type { AgentId, Language } from '../../contracts/agents.ts';
import type { Analysis, RunMode, Unclear } from '../../contracts/orchestration.ts';
import type { LocalRoute } from '../../db/tables/work.ts';
import { dependsOnIntent, READ_CHARS } from '../planning/decide-planning.ts';
import { findDeadline, findEntities } from './entities.ts';
import type { IntentReader } from './intents.ts';
import { analyzeByKeywords, categoryOf, findMode, isFallback, isSequential } from './keywords.ts';
import { detectLanguage, hangulShareOf } from './text.ts';

type Understood = NonNullable<LocalRoute['understood']>;

/** A request after the local router has chosen its agents. */
interface RoutedRequest {
  readonly text: string;
  readonly language: Language;
  readonly local: Pick<LocalRoute, 'agents' | 'abstained'>;
  /** What the request itself says; then nobody has to find out. */
  readonly mode?: RunMode | undefined;
}

/** Words that a request for a deployment may be made of without saying so. */
const MAY_DEPLOY = 0.2;

/**
 * Understands a request without a model, or says what of it is unclear. The model is only asked where its answer could
 * change what happens or what is kept.
 */
export function understand(
  readIntent: IntentReader,
  { text: whole, language, local, mode: given }: RoutedRequest,
): { readonly understood: Understood } | { readonly unclear: Unclear } {
  if (local.abstained) return { unclear: 'agents' };
  const text = whole.slice(0, READ_CHARS);
  if (isMixed(text)) return { unclear: 'language' };
  if (isDayUnclear(text)) return { unclear: 'day' };
  const mode = given ?? modeOf(text, local.agents.length);
  if (!mode) return { unclear: 'order' };
  const { intent, abstained, deploys } = readIntent({ text: whole, language, agent: firstOf(local) });
  if (abstained) return { unclear: 'intent' };
  const isOrderedDeploy = intent === 'deploy' && mode === 'sequential';
  if (deploys >= MAY_DEPLOY && !isOrderedDeploy && dependsOnIntent(text, language)) return { unclear: 'plan' };
  return { understood: { intent, mode } };
}

const firstOf = ({ agents }: Pick<LocalRoute, 'agents'>): AgentId => agents[0]?.agent ?? 'general';

/** A part of a request that speaks of what another part brings about. */
const REFERS =
  /\b(?:it|them|that|this|those|these|its|their|the (?:results?|findings?|outcome|answer|numbers?)|accordingly|the (?:top|best|worst|first) (?:one|two|three|\d+)|matching|which)\b|그(?:걸|것|게|거|에|를|\s?결과)|이(?:걸|것|를|에 맞)|거기|결과|제일|가장|상위|맞(?:춰|게|는지)/i;
const BUILDS = /\bbased on\b|\busing (?:it|that|the results?)\b|바탕으로|토대로|기반으로|기반해/i;
/** Words that set parts side by side. A mere "and" does not: the second part may well need the first. */
const APART =
  /\b(?:also|as well as|plus|too|both|separately|in parallel|at the same time|independently)\b|[?？]\s*\S.*[?？]|[가-힣]도(?:\s같이|\s함께)?\s|동시에|각각|따로|또한/i;

/** How several agents work together, if the words say it; undefined when one part may need another. */
function modeOf(text: string, agents: number): RunMode | undefined {
  if (agents < 2) return findMode(text);
  const [fallback, sequential] = [isFallback(text), isSequential(text) || BUILDS.test(text)];
  if (fallback) return sequential ? undefined : 'fallback';
  if (sequential) return 'sequential';
  return APART.test(text) && !REFERS.test(text) ? 'parallel' : undefined;
}

const MIXED_FROM = 0.15;
const MIXED_TO = 0.35;
/** Korean sentences end in Korean, however many English words they hold. */
const ENDS_KOREAN = /[가-힣][\s.!?~)"”’]*$/;
const MIN_LETTERS = 12;

/** So many letters of both languages that their share does not say in which one the answer is wanted. */
function isMixed(text: string): boolean {
  const { share, letters } = hangulShareOf(text);
  if (letters < MIN_LETTERS || share < MIXED_FROM || share > MIXED_TO) return false;
  return ENDS_KOREAN.test(text) !== (detectLanguage(text) === 'ko');
}

const SLASHED = /\b(?:by|before|until|till|due|on|for)\s+(?:the\s+)?(\d{1,2})[./](\d{1,2})(?![\d./])/gi;
const UNRESOLVED: readonly RegExp[] = [
  /\b(?:days?|weeks?|months?|hours?)\s+(?:before|after|prior to|ahead of)\b/i,
  /\bend of (?:the |this |our )?(?:sprint|project|phase|trial|term|semester|season|fiscal year)\b/i,
  /\b(?:in|within) (?:a few|a couple of|several|some) (?:days|weeks|months)\b/i,
  /\bby (?:early|mid|late)\b/i,
  /(?:며칠|몇\s?(?:일|주|달)|하루|이틀|사흘|일주일|보름|\d+\s?(?:일|주|주일|달|개월))\s?전(?:까지|에)/,
  /(?:스프린트|프로젝트|학기|시즌|출시|행사|감사)\s?(?:가|이)?\s?(?:끝나기|시작(?:하기)?|종료)?\s?(?:일주일\s)?전까지/,
  /(?:초|중순|하순|쯤|즈음|무렵)까지/,
];
const HIGHEST_MONTH = 12;

/** Whether the request names a day that no rule can tell for certain. */
function isDayUnclear(text: string): boolean {
  const isTwoWay = [...text.matchAll(SLASHED)].some(
    ([, a, b]) => a !== b && Number(a) <= HIGHEST_MONTH && Number(b) <= HIGHEST_MONTH,
  );
  if (isTwoWay) return true;
  return UNRESOLVED.some((pattern) => pattern.test(text)) && findDeadline(text, new Date(), 'UTC') === undefined;
}

/** A request to be understood without a model. */
interface LocalInput {
  readonly text: string;
  readonly now: Date;
  readonly timeZone: string;
  /** What the local router made of it when it came in; null when it was not asked. */
  readonly local: LocalRoute | null;
}

/** What a request means without a model: as it was understood when it came in, else by its words alone. */
export function analyzeLocally({ text, now, timeZone, local }: LocalInput): Analysis {
  if (!local?.understood) return analyzeByKeywords({ text, now, timeZone, local });
  return {
    ...local.understood,
    entities: findEntities(text, now, timeZone),
    category: categoryOf(firstOf(local)),
    skills: [],
    confidence: local.confidence,
    language: detectLanguage(text),
    agents: local.agents,
    source: 'local',
  };
}
