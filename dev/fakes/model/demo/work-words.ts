import type { AgentId, Language } from '../../../../contracts/agents.ts';
import { languageOf } from './request-words.ts';

/** What the demo planner takes a clause for. */
export type Work = 'analyze' | 'fix' | 'test' | 'deploy' | 'change' | 'send' | 'sum_up' | 'write' | 'work';

interface WorkWords {
  readonly said: RegExp;
  readonly id: string;
  readonly title: Readonly<Record<Language, string>>;
  /** Who does it when no keyword names anybody. */
  readonly agent: AgentId;
  readonly risk: 'read' | 'write' | 'production';
}

/** In the order in which they are looked for: "run the tests" is no writing, "release notes" are no release. */
const WORK_WORDS: readonly (readonly [Work, WorkWords])[] = [
  [
    'deploy',
    {
      said: /\b(deploy|roll ?out|ship it|go live|releas(e|ing)(?! notes))\b|배포|릴리스|출시/i,
      id: 'deploy',
      title: { en: 'Deploy to production', ko: '운영 환경에 배포하기' },
      agent: 'engineering',
      risk: 'production',
    },
  ],
  [
    'change',
    {
      said: /\b(migrat|delet|drop|remov|wip)(e|es|ing)?\b|마이그레이션|이전하|삭제|지우/i,
      id: 'change_data',
      title: { en: 'Change what is stored', ko: '저장된 데이터 변경하기' },
      agent: 'engineering',
      risk: 'production',
    },
  ],
  [
    'test',
    {
      said: /\b(test|tests|verify|validate)\b|테스트|검증/i,
      id: 'run_tests',
      title: { en: 'Run the tests', ko: '테스트 실행하기' },
      agent: 'engineering',
      risk: 'read',
    },
  ],
  [
    'send',
    {
      said: /\b(send|e-?mail|announce|notify|publish|post|tell)\b|보내|발송|공지|알려|알리|게시/i,
      id: 'send',
      title: { en: 'Send it to the people it is for', ko: '대상자에게 보내기' },
      agent: 'marketing',
      risk: 'production',
    },
  ],
  [
    'sum_up',
    {
      said: /\b(summari[sz]e|sum up|report)\b|요약|보고|정리/i,
      id: 'sum_up',
      title: { en: 'Sum up what came out', ko: '결과 요약하기' },
      agent: 'general',
      risk: 'read',
    },
  ],
  [
    'fix',
    {
      said: /\b(fix|repair|resolve|refactor|implement|build|patch|code|update|change)\b|고치|고쳐|수정|해결|구현|개발|리팩터/i,
      id: 'fix',
      title: { en: 'Make the changes', ko: '수정하기' },
      agent: 'engineering',
      risk: 'write',
    },
  ],
  [
    'analyze',
    {
      said: /\b(analy[sz]e|review|inspect|audit|investigate|look (at|into)|research|find|check|compare|evaluate|assess|collect|gather)\b|분석|검토|조사|점검|확인|비교|평가|살펴|찾/i,
      id: 'analyze',
      title: { en: 'Find out how things stand', ko: '현재 상태 분석하기' },
      agent: 'general',
      risk: 'read',
    },
  ],
  [
    'write',
    {
      said: /\b(write|draft|prepare|create|design|make|translate|plan)\b|작성|써|쓰고|만들|준비|초안|디자인|번역|기획/i,
      id: 'write',
      title: { en: 'Write the draft', ko: '초안 작성하기' },
      agent: 'marketing',
      risk: 'read',
    },
  ],
];

/**
 * What a clause asks for: English says it first, Korean last. Undefined when it holds no work that the demo knows.
 */
export function workOf(clause: string): Work | undefined {
  const found = WORK_WORDS.map(([work, { said }]) => ({ work, at: clause.search(said) })).filter(({ at }) => at >= 0);
  const order = languageOf(clause) === 'ko' ? -1 : 1;
  return found.sort((a, b) => order * (a.at - b.at))[0]?.work;
}

const OTHER: Omit<WorkWords, 'said'> = {
  id: 'work',
  title: { en: 'Do the work', ko: '작업하기' },
  agent: 'general',
  risk: 'read',
};

export const wordsOf = (work: Work): Omit<WorkWords, 'said'> =>
  WORK_WORDS.find(([name]) => name === work)?.[1] ?? OTHER;
