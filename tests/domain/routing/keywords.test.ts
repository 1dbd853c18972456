import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Analysis } from '../../../contracts/orchestration.ts';
import { loadAgents } from '../../../domain/agents/load.ts';
import { findEntities } from '../../../domain/routing/entities.ts';
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
