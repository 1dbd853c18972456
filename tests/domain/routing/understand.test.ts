import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AgentId } from '../../../contracts/agents.ts';
import { Analysis } from '../../../contracts/orchestration.ts';
import type { LocalRoute } from '../../../db/tables/work.ts';
import { createIntentReader, type IntentReader, type IntentReading } from '../../../domain/routing/intents.ts';
import { detectLanguage } from '../../../domain/routing/text.ts';
import { analyzeLocally, understand } from '../../../domain/routing/understand.ts';
import { loadIntentModel } from './load-router.ts';

let readIntent: IntentReader;
beforeAll(async () => {
  readIntent = createIntentReader(await loadIntentModel());
});

const routed = (...agents: AgentId[]): LocalRoute => ({
  agents: agents.map((agent) => ({ agent, relevance: 1 / agents.length })),
  alternatives: [],
  confidence: 0.9,
  abstained: false,
  reason: '',
});
const ask = (text: string, local = routed('marketing'), reader: IntentReader = readIntent) =>
  understand(reader, { text, language: detectLanguage(text), local });
/** A reader that says this of everything. */
const says =
  (reading: Partial<IntentReading>): IntentReader =>
  () => ({ intent: 'content', confidence: 0.9, abstained: false, deploys: 0, ...reading });

describe('a request is understood without a model', () => {
  it.each([
    ['Draft a launch tweet', 'content', routed('marketing')],
    ['Write a blog post about our new office by Friday', 'content', routed('marketing')],
    ['보도자료 초안 써줘', 'content', routed('marketing')],
    ['Why is our churn so high?', 'question', routed('growth')],
    ['이번 분기 예산을 분석해줘', 'analysis', routed('finance')],
    ['Fix the login bug', 'code', routed('engineering')],
    ['Deploy version 3 to staging', 'deploy', routed('engineering')],
    ['스테이징에 배포해줘', 'deploy', routed('engineering')],
    ['Close the ticket about parking', 'update_task', routed('ops')],
  ] as const)('where the rules are sure: %s', (text, intent, local) => {
    expect(ask(text, local)).toEqual({ understood: { intent, mode: 'parallel' } });
  });

  it.each([
    ['Write the launch post, then compute what it costs', 'sequential'],
    ['출시 글 쓰고 그 다음 비용 계산해줘', 'sequential'],
    ['Rank the campaigns, and based on that write a budget', 'sequential'],
    ['Ask marketing; if that fails, ask finance', 'fallback'],
    ['Write the launch post. Also compute our runway.', 'parallel'],
    ['출시 글 쓰고 예산도 확인해줘', 'parallel'],
  ])('for several agents where the words say how they work together: %s', (text, mode) => {
    expect(ask(text, routed('marketing', 'finance'), says({}))).toEqual({ understood: { intent: 'content', mode } });
  });

  it('takes how several work together from the request where it says so', () => {
    const request = {
      text: 'Write the post and its budget',
      language: 'en',
      local: routed('marketing', 'finance'),
    } as const;
    expect(understand(says({}), { ...request, mode: 'sequential' })).toEqual({
      understood: { intent: 'content', mode: 'sequential' },
    });
  });
});

describe('the model is asked', () => {
  it('when the router has not chosen the agents', () => {
    expect(ask('Draft a launch tweet', { ...routed('marketing'), abstained: true })).toEqual({ unclear: 'agents' });
  });

  it.each([
    'Write the launch post and compute its budget',
    'Analyse the funnel and write new copy',
    '퍼널 분석하고 새 카피 써줘',
    'Ask marketing, then finance; if that fails, ask ops',
  ])('when one of several agents may need what another finds: %s', (text) => {
    expect(ask(text, routed('growth', 'marketing'), says({}))).toEqual({ unclear: 'order' });
  });

  it.each([
    'Send the draft by 04/05',
    'Get it signed two weeks before the audit',
    'Have the spec ready by the end of the sprint',
    '감사 이틀 전까지 보내줘',
    '다음 달 중순까지 초안 써줘',
  ])('when a day can be read in two ways or not at all: %s', (text) => {
    expect(ask(text, routed('ops'), says({}))).toEqual({ unclear: 'day' });
  });

  it.each(['Send the draft by 04/04', 'Send it by 25/12', 'Send the draft by May 4', '5월 4일까지 보내줘'])(
    'but not when the day is certain: %s',
    (text) => {
      expect(ask(text, routed('ops'), says({}))).toHaveProperty('understood');
    },
  );

  it('when its letters say one language and its end the other', () => {
    expect(ask('spring sale announcement tweet 하나만 써줘', undefined, says({}))).toEqual({ unclear: 'language' });
    expect(ask('고객이 환불 언제 되냐는데 please reply to that message soon', undefined, says({}))).toEqual({
      unclear: 'language',
    });
    expect(ask('Q2 SaaS churn 분석해서 알려줘', undefined, says({}))).toHaveProperty('understood');
    expect(ask('How do I say 감사합니다 politely?', undefined, says({}))).toHaveProperty('understood');
  });

  it('when nothing like it was ever read', () => {
    expect(ask('Draft a launch tweet', undefined, says({ abstained: true }))).toEqual({ unclear: 'intent' });
  });

  it('when a plan hangs on whether something is deployed', () => {
    const text = 'Check the build and push the button';
    expect(ask(text, undefined, says({ intent: 'other', deploys: 0.3 }))).toEqual({ unclear: 'plan' });
    expect(ask(text, undefined, says({ intent: 'other', deploys: 0.1 }))).toHaveProperty('understood');
    const ordered = says({ intent: 'deploy', deploys: 0.9 });
    expect(ask('Check the build, then push the button', undefined, ordered)).toHaveProperty('understood');
  });
});

describe('what was understood', () => {
  const NOW = new Date('2026-03-11T03:00:00Z');
  const analyze = (text: string, local: LocalRoute | null) =>
    analyzeLocally({ text, now: NOW, timeZone: 'Asia/Seoul', local });

  it('is the analysis, with what the request names in the asker’s time zone', () => {
    const local: LocalRoute = { ...routed('marketing'), understood: { intent: 'content', mode: 'parallel' } };
    expect(analyze('Draft the launch post by Friday', local)).toEqual({
      intent: 'content',
      mode: 'parallel',
      entities: { deadline: '2026-03-13' },
      category: 'artistry',
      skills: [],
      confidence: 0.9,
      language: 'en',
      agents: local.agents,
      source: 'local',
    });
  });

  it('stays a guess of the keywords where nobody was sure', () => {
    expect(analyze('Draft the launch post', { ...routed('marketing'), unclear: 'order' }).source).toBe('keywords');
    expect(analyze('Draft the launch post', null).source).toBe('keywords');
  });

  it('is a valid analysis of any text, found in a moment', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const reading = ask(text, routed('ops', 'brand'));
        Analysis.parse(analyze(text, { ...routed('ops', 'brand'), ...reading }));
      }),
    );
    for (const part of ['a ', '"', '‘', '?', 'deploy ', 'by 3/4 ', '배포하고 ', '줄 수 있 ']) {
      const startedAt = performance.now();
      ask(part.repeat(20_000), routed('ops', 'brand'));
      expect(performance.now() - startedAt).toBeLessThan(100);
    }
  });
});
