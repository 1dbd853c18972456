import type { AgentId, Category, Language } from '../../../../contracts/agents.ts';
import { analyze } from './analyze.ts';
import { languageOf, questionOf, quoteOf } from './request-words.ts';
import { clausesOf, titleOf, type Clause } from './work-clauses.ts';
import { wordsOf, workOf, type Work } from './work-words.ts';

interface DemoStep {
  readonly id: string;
  readonly kind: 'agent' | 'approval';
  readonly title: string;
  readonly instruction: string;
  readonly agent: AgentId | null;
  readonly category: Category | null;
  readonly tool: string | null;
  readonly needs: readonly string[];
  readonly when: string | null;
  readonly risk: 'read' | 'write' | 'production';
}

interface DemoPlan {
  readonly goal: string;
  readonly steps: readonly DemoStep[];
}

const WORDS = {
  en: {
    goal: (request: string) => `Demo plan: ${request}`,
    task: (clause: string) => `${clause}. Say what you did, what you found and what is still open.`,
    mind: (words: string) => ` Mind this: ${words}`,
    wayBack: 'Prepare a rollback',
    howBack: 'Write down how the change is undone, who decides that and what to watch after it.',
    rest: 'Sum up what came out',
    how: 'Sum up what the finished steps came to and what is still open.',
  },
  ko: {
    goal: (request: string) => `데모 계획: ${request}`,
    task: (clause: string) => `${clause}. 한 일과 알게 된 것, 남은 것을 알려 주세요.`,
    mind: (words: string) => ` 다음을 지켜 주세요: ${words}`,
    wayBack: '되돌리는 방법 준비하기',
    howBack: '변경을 되돌리는 방법과 결정할 사람, 이후에 지켜볼 것을 적어 주세요.',
    rest: '결과 요약하기',
    how: '끝난 단계의 결과와 남은 일을 요약해 주세요.',
  },
} as const;

/** The demo's plan for a request: clause by clause, at once where nothing speaks against it. */
export function planFor(userText: string): DemoPlan {
  const question = questionOf(userText);
  const language = languageOf(question);
  const steps: DemoStep[] = [];
  const works = new Map<string, Work>();
  for (const clause of clausesOf(question)) {
    const work = workOf(clause.text) ?? 'work';
    for (const step of stepsFor(clause, work, { steps, works, language })) {
      steps.push(step);
      works.set(step.id, step.kind === 'agent' ? work : 'work');
    }
  }
  return { goal: WORDS[language].goal(quoteOf(question, 200)), steps: asReplanned(steps, userText, language) };
}

interface SoFar {
  readonly steps: readonly DemoStep[];
  readonly works: ReadonlyMap<string, Work>;
  readonly language: Language;
}

function stepsFor(clause: Clause, work: Work, soFar: SoFar): DemoStep[] {
  const { steps, language } = soFar;
  const words = WORDS[language];
  const { id: name, title: usual, agent: byDefault, risk } = wordsOf(work);
  const id = freeId(name, steps);
  const title = clause.text.length < (language === 'ko' ? 5 : 10) ? usual[language] : titleOf(clause.text, language);
  const heard = analyze(clause.text).agents[0]?.agent ?? 'general';
  const step: DemoStep = {
    ...BLANK,
    id,
    title,
    instruction: words.task(title),
    agent: heard === 'general' ? byDefault : heard,
    needs: needsOf(clause, work, soFar),
    risk,
  };
  if (risk !== 'production' || steps.length === 0) return [step];
  // What cannot be taken back comes after somebody has found the way back.
  const back = steps.find((one) => one.id === 'way_back') ?? {
    ...BLANK,
    id: 'way_back',
    title: words.wayBack,
    instruction: words.howBack,
    agent: 'ops' as const,
  };
  const tested = [...soFar.works].findLast(([, done]) => done === 'test')?.[0];
  const when = tested === undefined ? null : `steps.${tested}.status == "done" && steps.${tested}.confidence > 0.3`;
  const needs = [...new Set([...lastOf(steps), back.id])];
  return [...(steps.includes(back) ? [] : [back]), { ...step, needs, when }];
}

const BLANK = { kind: 'agent', agent: null, category: null, tool: null, needs: [], when: null, risk: 'read' } as const;

const freeId = (name: string, steps: readonly DemoStep[]): string => {
  const same = steps.filter(({ id }) => id === name || id.startsWith(`${name}_`)).length;
  return same === 0 ? name : `${name}_${same + 1}`;
};

/** Steps that nothing needs yet. */
const lastOf = (steps: readonly DemoStep[]): string[] => {
  const needed = new Set(steps.flatMap(({ needs }) => needs));
  return steps.map(({ id }) => id).filter((id) => !needed.has(id));
};

const BEFORE: Readonly<Record<Work, readonly Work[]>> = {
  analyze: [],
  work: [],
  test: ['fix'],
  write: ['analyze', 'fix'],
  fix: ['analyze'],
  sum_up: ['analyze', 'fix', 'test', 'write', 'deploy', 'change', 'send', 'work'],
  deploy: [],
  change: [],
  send: ['write', 'sum_up', 'deploy'],
};

function needsOf({ after }: Clause, work: Work, { steps, works }: SoFar): string[] {
  if (after) return lastOf(steps);
  const wanted = steps.filter(({ id, kind }) => kind === 'agent' && BEFORE[work].includes(works.get(id) ?? 'work'));
  const ends = new Set(lastOf(wanted));
  return wanted.map(({ id }) => id).filter((id) => ends.has(id));
}

const idsIn = (userText: string, tag: string): Set<string> =>
  new Set([...userText.matchAll(new RegExp(`<${tag} id="([a-z0-9_]+)"`, 'g'))].map(([, id]) => id ?? ''));

/** What is done stays done, what failed is tried under another name, and what people said meanwhile is minded. */
function asReplanned(steps: readonly DemoStep[], userText: string, language: Language): DemoStep[] {
  const words = WORDS[language];
  const finished = idsIn(userText, 'finished_step');
  const failed = idsIn(userText, 'failed_step');
  const nameOf = (id: string) => (failed.has(id) && !finished.has(id) ? `${id}_again`.slice(0, 40) : id);
  const said = [...userText.matchAll(/<(constraint|steering)>\n([\s\S]*?)\n<\/\1>/g)].map(([, , text]) => text ?? '');
  const mind = said.length === 0 ? '' : words.mind(quoteOf(said.join(' · ').replace(/\s+/g, ' '), 400));
  const left = steps
    .filter(({ id }) => !finished.has(id))
    .map((step) => ({
      ...step,
      id: nameOf(step.id),
      needs: step.needs.map(nameOf),
      when: step.when?.replace(/\bsteps\.(\w+)/g, (_, id: string) => `steps.${nameOf(id)}`) ?? null,
      instruction: step.kind === 'agent' ? step.instruction + mind : step.instruction,
    }));
  if (left.some(({ kind }) => kind === 'agent')) return left;
  const again = { ...BLANK, id: `sum_up_${finished.size + 1}`, title: words.rest, instruction: words.how + mind };
  return [{ ...again, agent: 'general', needs: [...finished] }];
}
