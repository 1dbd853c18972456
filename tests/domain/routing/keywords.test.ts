import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Analysis } from '../../../contracts/orchestration.ts';
import { loadAgents } from '../../../domain/agents/load.ts';
import { findDeadline, findEntities } from '../../../domain/routing/entities.ts';
import { findIntent, CATEGORY_OF_AGENT, analyzeByKeywords, findMode } from '../../../domain/routing/keywords.ts';
import { detectLanguage } from '../../../domain/routing/text.ts';
import type { LocalDecision } from '../../../domain/routing/router.ts';

/** A Wednesday noon in Seoul; still Tuesday in Los Angeles. */
const NOW = new Date('2026-03-11T03:00:00Z');
const SEOUL = 'Asia/Seoul';
const local: LocalDecision = {
  abstained: true,
  agents: [{ agent: 'engineering', relevance: 1 }],
  confidence: 0.8,
  scores: [],
  reason: '',
};

describe('deadlines', () => {
  it.each([
    ['Send it by Friday', '2026-03-13'],
    ['by Wednesday please', '2026-03-11'],
    ['next Monday works', undefined, '2026-03-16'],
    ['by next Friday', '2026-03-20'],
    ['finish it tomorrow', '2026-03-12'],
    ['the day after tomorrow', '2026-03-13'],
    ['need this EOD', '2026-03-11'],
    ['due end of month', '2026-03-31'],
    ['in two weeks', '2026-03-25'],
    ['within 10 days', '2026-03-21'],
    ['due March 5th', '2027-03-05'],
    ['by 5 April 2026', '2026-04-05'],
    ['until 2026-12-24', '2026-12-24'],
    ['by 4/2', '2026-04-02'],
    ['내일까지 해줘', '2026-03-12'],
    ['모레까지', '2026-03-13'],
    ['내일모레까지 됩니다', '2026-03-13'],
    ['금요일까지 부탁드려요', '2026-03-13'],
    ['다음 주 월요일까지', '2026-03-16'],
    ['이번 주까지', '2026-03-13'],
    ['3월 5일', '2027-03-05'],
    ['3월 15일까지 보고서', '2026-03-15'],
    ['20일까지', '2026-03-20'],
    ['2026년 4월 1일', '2026-04-01'],
    ['일주일 안에', '2026-03-18'],
    ['사흘 뒤', '2026-03-14'],
    ['월말까지 정산', '2026-03-31'],
    ['오늘 회의 내용을 내일까지 정리해줘', '2026-03-12'],
  ])('%s', (text, ...dates) => {
    expect(dates).toContain(findDeadline(text, NOW, SEOUL));
  });

  it.each([
    'Fix the login bug',
    'on the third try',
    '금요일 회의록 정리',
    '2월 31일까지',
    'version 1.2.3',
    'iOS 4/5 users',
  ])('finds none in %s', (text) => {
    expect(findDeadline(text, NOW, SEOUL)).toBeUndefined();
  });

  it('counts days where the asker is', () => {
    expect(findDeadline('tomorrow', NOW, 'America/Los_Angeles')).toBe('2026-03-11');
    expect(findDeadline('tomorrow', NOW, 'Nowhere/Land')).toBe('2026-03-12');
  });

  it('never gives a day that is over when a weekend asks for this week', () => {
    expect(findDeadline('이번 주까지', new Date('2026-03-14T03:00:00Z'), SEOUL)).toBe('2026-03-15');
  });
});

describe('entities', () => {
  it.each([
    ['Assign it to Mina', { assignee: 'Mina' }],
    ['@jun please look', { assignee: 'jun' }],
    ['<@U012AB3CD> take this', { assignee: 'U012AB3CD' }],
    ['@nubabel hello', {}],
    ['담당자는 홍길동으로 해줘', { assignee: '홍길동' }],
    ['담당 민수', { assignee: '민수' }],
    ['open an issue in acme/web', { repo: 'acme/web' }],
    ['see https://github.com/acme/web.js/pulls', { repo: 'acme/web.js' }],
    ['acme/web 레포에 이슈 등록', { repo: 'acme/web' }],
    ['and/or iOS/Android', {}],
    ['Create a task "Renew the contract"', { taskName: 'Renew the contract' }],
    ['“로그인 수정” 태스크 만들어줘', { taskName: '로그인 수정' }],
    ["it's John's idea", {}],
  ])('%s', (text, expected) => {
    expect(findEntities(text, NOW, SEOUL)).toEqual(expected);
  });
});

describe('intent, mode and language', () => {
  it.each([
    ['Deploy the latest build to staging', 'deploy'],
    ['스테이징에 배포해줘', 'deploy'],
    ['Create a task for Mina', 'create_task'],
    ['List my open tasks', 'list_tasks'],
    ['Close the ticket', 'update_task'],
    ['Find the issue about login', 'search_task'],
    ['할 일 추가해줘', 'create_task'],
    ['Analyse the churn of January', 'analysis'],
    ['Draft a tweet', 'content'],
    ['보도자료 작성해줘', 'content'],
    ['Refactor this function', 'code'],
    ['How tall is it?', 'question'],
    ['hello', 'other'],
  ])('%s is %s', (text, intent) => {
    expect(findIntent(text)).toBe(intent);
  });

  it.each([
    ['Write it, then check the budget', 'sequential'],
    ['초안 쓰고 그 다음 예산 확인', 'sequential'],
    ['Ask engineering; if that fails ask support', 'fallback'],
    ['엔지니어링에 묻고 안 되면 고객지원에', 'fallback'],
    ['Write it and check the budget', 'parallel'],
  ])('%s works %s', (text, mode) => {
    expect(findMode(text)).toBe(mode);
  });

  it.each([
    ['Review the PR', 'en'],
    ['PR 리뷰 부탁드려요', 'ko'],
    ['deploy staging 서버에 rollback 해주세요', 'ko'],
    ['How do I pronounce 안녕 in a formal conversation?', 'en'],
    ['', 'en'],
    ['ㅋㅋ', 'ko'],
  ])('%j is %s', (text, language) => {
    expect(detectLanguage(text)).toBe(language);
  });
});

describe('analyzeByKeywords', () => {
  const analyze = (text: string, decision = local) =>
    analyzeByKeywords({ text, now: NOW, timeZone: SEOUL, local: decision });

  it('takes the agents of the local path and never claims more than half', () => {
    expect(analyze('Fix it by Friday')).toMatchObject({
      agents: local.agents,
      category: 'ultrabrain',
      confidence: 0.5,
      entities: { deadline: '2026-03-13' },
      source: 'keywords',
    });
  });

  it('asks general when the local path has no idea', () => {
    expect(analyze('hm', { ...local, confidence: 0.2 })).toMatchObject({
      agents: [{ agent: 'general', relevance: 1 }],
      category: 'quick',
      confidence: 0.2,
    });
  });

  it('gives a valid analysis of any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void Analysis.parse(analyze(text))));
  });

  it('knows each agent in the category of its file', async () => {
    const agents = await loadAgents();
    expect(Object.fromEntries([...agents].map(([id, { category }]) => [id, category]))).toEqual(CATEGORY_OF_AGENT);
  });
});
