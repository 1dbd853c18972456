import { Category, Language, type AgentId } from '../../contracts/agents.ts';
import { Intent, RunMode, type Analysis, type Unclear } from '../../contracts/orchestration.ts';
import { LearnedAgent, readRows } from './examples.ts';
import { decidePlanning } from '../../domain/planning/decide-planning.ts';
import type { LocalRouter } from '../../domain/routing/local-router.ts';
import { analyzeLocally, understand } from '../../domain/routing/understand.ts';

/** A request as a careful reader understands it. */
export interface ReadRequest {
  readonly text: string;
  readonly language: Language;
  /** The main one first. */
  readonly agents: readonly AgentId[];
  readonly planned: boolean;
  readonly mode: RunMode;
  readonly category: Category;
  /** The likeliest first; another only where careful readers differ. */
  readonly intents: readonly Intent[];
}

/** Labelled requests that nothing was trained on: plain ones, and others. @throws with the first bad line */
export const readHeldOutReadings = async (): Promise<Record<'plain' | 'others', ReadRequest[]>> => ({
  plain: await readReadings('understanding-plain.tsv'),
  others: await readReadings('understanding-held-out.tsv'),
});

const readReadings = async (name: string): Promise<ReadRequest[]> =>
  (await readRows(name)).map(([language, agents = '', planned, mode, category, intents = '', text = '']) => ({
    language: Language.parse(language),
    agents: agents.split('+').map((agent) => LearnedAgent.parse(agent)),
    planned: planned === 'yes',
    mode: RunMode.parse(mode),
    category: Category.parse(category),
    intents: intents.split('|').map((intent) => Intent.parse(intent)),
    text,
  }));

/** How the local understanding of a set of requests compares with a reader's. Shares are between 0 and 1. */
export interface UnderstandingScore {
  readonly count: number;
  /** Share that reaches its agents with no analysis call. */
  readonly local: number;
  /** Of all: the decision to plan is the one that the reader's analysis leads to. Asking the model counts as that. */
  readonly samePlanning: number;
  /** Of all: a plan where the reader wants one and none elsewhere. */
  readonly planningAsRead: number;
  /** Of those understood locally. */
  readonly intent: number;
  /** As `intent`, where only the reader's first choice counts. */
  readonly intentStrict: number;
  readonly category: number;
  /** Of those that were given to several agents locally. */
  readonly mode: number;
  /** How many those are. */
  readonly several: number;
  readonly agents: number;
  /** Why the model was asked, and how often. */
  readonly unclear: Readonly<Partial<Record<Unclear, number>>>;
}

const NOW = new Date('2026-03-11T03:00:00Z');

/** Understands every request as its entry would, and compares. */
export function evaluateUnderstanding(router: LocalRouter, requests: readonly ReadRequest[]): UnderstandingScore {
  const judged = requests.map((request) => judge(router, request));
  const known = judged.filter(({ analysis }) => analysis !== undefined);
  const several = known.filter(({ analysis }) => (analysis?.agents.length ?? 0) > 1);
  const unclear: Partial<Record<Unclear, number>> = {};
  for (const one of judged) if (one.unclear) unclear[one.unclear] = (unclear[one.unclear] ?? 0) + 1;
  return {
    count: judged.length,
    local: share(judged, ({ analysis }) => analysis !== undefined),
    samePlanning: share(judged, ({ planned, plannedAsAnalysed }) => planned === plannedAsAnalysed),
    planningAsRead: share(judged, ({ planned, request }) => planned === request.planned),
    intent: share(known, ({ request, analysis }) => request.intents.some((intent) => intent === analysis?.intent)),
    intentStrict: share(known, ({ request, analysis }) => request.intents[0] === analysis?.intent),
    category: share(known, ({ request, analysis }) => request.category === analysis?.category),
    mode: share(several, ({ request, analysis }) => request.mode === analysis?.mode),
    several: several.length,
    agents: share(known, ({ request, analysis }) => request.agents.includes(analysis?.agents[0]?.agent ?? 'general')),
    unclear,
  };
}

function judge(router: LocalRouter, request: ReadRequest) {
  const { text, language } = request;
  const local = router.route(text, 'nobody');
  const reading = understand(router.readIntent, { text, language, local });
  const asRead = planFor(request, readAnalysis(request));
  if ('unclear' in reading)
    return { request, analysis: undefined, unclear: reading.unclear, planned: asRead, plannedAsAnalysed: asRead };
  const analysis = analyzeLocally({ text, now: NOW, timeZone: 'UTC', local: { ...local, ...reading } });
  return { request, analysis, planned: planFor(request, analysis), plannedAsAnalysed: asRead };
}

const planFor = ({ text: message, language }: ReadRequest, analysis: Analysis): boolean =>
  decidePlanning({ message, language, analysis, agents: analysis.agents, options: {} }).used;

const readAnalysis = ({ language, agents, mode, category, intents }: ReadRequest): Analysis => ({
  intent: intents[0] ?? 'other',
  entities: {},
  category,
  skills: [],
  confidence: 1,
  language,
  agents: agents.map((agent) => ({ agent, relevance: 1 / agents.length })),
  mode,
  source: 'model',
});

const share = <One>(all: readonly One[], is: (one: One) => boolean): number =>
  all.length === 0 ? 0 : all.filter(is).length / all.length;

const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;

/** A score as a person reads it. */
export const understandingText = (title: string, score: UnderstandingScore): string =>
  [
    `# ${title}: ${score.count} requests`,
    '',
    `no analysis call           ${percent(score.local)}`,
    `same decision to plan      ${percent(score.samePlanning)} (a plan as a reader wants it: ${percent(score.planningAsRead)})`,
    `intent right               ${percent(score.intent)} (only a reader's first choice: ${percent(score.intentStrict)})`,
    `category right             ${percent(score.category)}`,
    `agents, mode of several    ${percent(score.agents)}, ${score.several === 0 ? 'none' : percent(score.mode)}`,
    `the model is asked about   ${Object.entries(score.unclear)
      .map(([what, count]) => `${what}: ${count}`)
      .join(', ')}`,
    '',
  ].join('\n');
