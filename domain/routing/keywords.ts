import { ownValue } from '../../contracts/json.ts';
import type { AgentId, Category, TrainedAgent } from '../../contracts/agents.ts';
import type { Analysis, AgentChoice, RunMode } from '../../contracts/orchestration.ts';
import { findEntities } from './entities.ts';
import { detectLanguage } from './text.ts';
import type { LocalDecision } from './router.ts';

/** A request to be understood without a model. */
interface KeywordInput {
  readonly text: string;
  readonly now: Date;
  readonly timeZone: string;
  /** What the local path made of the text, even if it abstained; null when it was not asked. */
  readonly local: Pick<LocalDecision, 'agents' | 'confidence'> | null;
}

/** Words see less than a model, so they never claim more. */
const MAX_CONFIDENCE = 0.5;
/** Below this the local path's guess is worth less than asking `general`. */
const MIN_GUESS = 0.35;

const FALLBACK =
  /\bif (?:that|this|it) (?:fails|doesn't work|does not work|isn't possible)|\botherwise\b|\bfailing that\b|안\s?되면|실패하면|아니면\s?대신/i;
const SEQUENTIAL =
  /\b(?:and |, )?then\b|\bafter (?:that|this|which)\b|\bafterwards\b|\bonce (?:that|this|it)(?:'s| is) done\b|\bbased on (?:that|this|the result)\b|그\s?(?:다음|뒤|후)|그런\s?다음|(?:하고|고)\s?나서|한\s?(?:다음|뒤|후)에?(?:\s|$)|이어서|끝나면/i;

/** The category each agent works in; the same as in its file. */
export const CATEGORY_OF_AGENT: Readonly<Record<TrainedAgent, Category>> = {
  brand: 'visual-engineering',
  marketing: 'artistry',
  ops: 'quick',
  product: 'ultrabrain',
  engineering: 'ultrabrain',
  support: 'quick',
  growth: 'artistry',
  finance: 'quick',
  general: 'quick',
};

/** Where requests for an agent belong; `quick` for one that is not known here. */
export const categoryOf = (agent: AgentId): Category => ownValue<Category>(CATEGORY_OF_AGENT, agent) ?? 'quick';

/** The last link of the chain: what a request means by its words alone. */
export function analyzeByKeywords({ text, now, timeZone, local }: KeywordInput): Analysis {
  const agents = agentsOf(local);
  return {
    intent: findIntent(text),
    entities: findEntities(text, now, timeZone),
    category: categoryOf(agents[0]?.agent ?? 'general'),
    skills: [],
    confidence: Math.min(MAX_CONFIDENCE, local?.confidence ?? 0),
    language: detectLanguage(text),
    agents,
    mode: findMode(text),
    source: 'keywords',
  };
}

/** How several agents should work together, by the words that join their parts. */
export function findMode(text: string): RunMode {
  if (isFallback(text)) return 'fallback';
  return isSequential(text) ? 'sequential' : 'parallel';
}

/** One part is only done when another fails. */
export const isFallback = (text: string): boolean => FALLBACK.test(text);

/** One part is done after another. */
export const isSequential = (text: string): boolean => SEQUENTIAL.test(text);

const agentsOf = (local: KeywordInput['local']): AgentChoice[] =>
  local && local.confidence >= MIN_GUESS ? local.agents : [{ agent: 'general', relevance: 1 }];

type Intent = Analysis['intent'];

const TASK = '(?:tasks?|to-?dos?|issues?|tickets?|action items?|태스크|할\\s?일|이슈|티켓|업무|작업)';
const english = (source: string): RegExp => new RegExp(`\\b(?:${source})\\b`, 'i');

/** The first that fits decides, so the narrow ones stand first. */
const INTENTS: readonly (readonly [Intent, RegExp])[] = [
  ['deploy', english('deploy(?:ing|ment)?|roll ?back|ship v?\\d\\S*|release to (?:prod|production|staging)')],
  ['deploy', /배포|롤백|프로덕션\s?(?:반영|나가)/],
  [
    'list_tasks',
    new RegExp(`\\b(?:list|show|which|what are|all)\\b.{0,25}${TASK}|${TASK}.{0,6}(?:목록|리스트|보여|뭐\\s?있)`, 'i'),
  ],
  ['search_task', new RegExp(`\\b(?:find|search|look for|where is)\\b.{0,25}${TASK}|${TASK}.{0,8}(?:찾아|검색)`, 'i')],
  ['update_task', new RegExp(`\\b(?:update|change|move|close|reopen|assign|complete|mark)\\b.{0,25}${TASK}`, 'i')],
  ['update_task', new RegExp(`${TASK}.{0,12}(?:수정|변경|옮겨|완료|닫아|업데이트|배정)`)],
  [
    'create_task',
    new RegExp(`\\b(?:create|add|open|make|file|new)\\b.{0,25}${TASK}|${TASK}.{0,8}(?:만들|추가|등록|생성)`, 'i'),
  ],
  [
    'code',
    english(
      'implement|refactor|debug|fix (?:the|this|a) \\w*\\s?(?:bug|test|build|error)|pull request|unit tests?|stack ?trace|sql|regex|code',
    ),
  ],
  ['code', /코드|버그|구현|리팩토링|리팩터링|디버깅|테스트\s?코드|쿼리|스크립트\s?(?:짜|작성)/],
  [
    'analysis',
    english('analy[sz]e|analysis|compare|evaluate|forecast|calculate|why (?:did|do|is|are|does)|root cause|audit'),
  ],
  ['analysis', /분석|비교|평가|예측|계산|원인|진단/],
  [
    'content',
    english('write|draft|rewrite|compose|translate|summari[sz]e|post|tweet|newsletter|copy|slogan|e-?mail to'),
  ],
  ['content', /작성|초안|써\s?줘|써\s?주|번역|요약|문구|카피|글\s?(?:하나|좀)|다듬어/],
  [
    'question',
    /\?\s*$|^(?:who|what|when|where|which|why|how|is|are|can|could|do|does|should)\b|(?:인가요|나요|까요|뭐야|뭐죠|어디야|어때)[?\s]*$/i,
  ],
];

/** What kind of thing is wanted, by its words. */
export const findIntent = (text: string): Intent => INTENTS.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other';
