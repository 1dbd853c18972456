import { describe, expect, it } from '@jest/globals';
import { chooseAgents } from '../../../domain/routing/route-request.ts';
import { Route, type Analysis } from '../../../contracts/orchestration.ts';
import type { LocalRoute } from '../../../db/tables/work.ts';

const analysis = (changes: Partial<Analysis> = {}): Analysis => ({
  intent: 'content',
  entities: {},
  category: 'artistry',
  skills: [],
  confidence: 0.9,
  language: 'en',
  agents: [{ agent: 'marketing', relevance: 0.8 }],
  mode: 'parallel',
  source: 'model',
  ...changes,
});

const local = (changes: Partial<LocalRoute> = {}): LocalRoute => ({
  agents: [{ agent: 'finance', relevance: 1 }],
  alternatives: [{ agent: 'ops', relevance: 0.2 }],
  confidence: 0.97,
  abstained: false,
  reason: 'words of finance',
  ...changes,
});

describe('who works on a request', () => {
  it('is whom the request names, before anybody’s opinion, each once', () => {
    const route = chooseAgents({ agents: ['ops', 'brand', 'ops'] }, local(), analysis());
    expect(route).toMatchObject({
      agents: [
        { agent: 'ops', relevance: 1 },
        { agent: 'brand', relevance: 1 },
      ],
      decidedBy: 'request',
      confidence: 1,
    });
  });

  it('is what the local router says when it is sure, with its reason and alternatives', () => {
    const route = chooseAgents({}, local(), analysis());
    expect(route).toMatchObject({
      agents: [{ agent: 'finance' }],
      decidedBy: 'local',
      confidence: 0.97,
      reason: 'words of finance',
      alternatives: [{ agent: 'ops', relevance: 0.2 }],
    });
  });

  it('is what the model says when the local router abstains, the most relevant first, and says why', () => {
    const agents = [
      { agent: 'brand' as const, relevance: 0.4 },
      { agent: 'marketing' as const, relevance: 0.9 },
      { agent: 'ops' as const, relevance: 0.1 },
    ];
    const route = chooseAgents({}, local({ abstained: true, confidence: 0.42 }), analysis({ agents }));
    expect(route.agents.map(({ agent }) => agent)).toEqual(['marketing', 'brand']);
    expect(route).toMatchObject({ decidedBy: 'model', confidence: 0.9, reason: 'The local router was unsure (0.42).' });
  });

  it('is whom an admin gave these words to, and says so', () => {
    const overridden = local({ decidedBy: 'override', confidence: 1, overrideId: 'o1', reason: 'An admin said so.' });
    expect(chooseAgents({}, overridden, analysis())).toMatchObject({
      agents: [{ agent: 'finance' }],
      decidedBy: 'override',
      confidence: 1,
      reason: 'An admin said so.',
    });
    expect(chooseAgents({ agents: ['ops'] }, overridden, analysis()).decidedBy).toBe('request');
  });

  it('is what the model said of the same words before, and says so', () => {
    const route = chooseAgents({}, local({ abstained: true }), analysis({ cached: true }));
    expect(route).toMatchObject({ agents: [{ agent: 'marketing' }], decidedBy: 'cache', confidence: 0.9 });
    expect(route.reason).toContain('The model has decided about the same words before.');
  });

  it('is kept with what the local router and the model gave each agent, and with who else was thought of', () => {
    const scores = [
      { agent: 'finance' as const, relevance: 0.6 },
      { agent: 'marketing' as const, relevance: 0.2 },
      { agent: 'ops' as const, relevance: 0.15 },
      { agent: 'brand' as const, relevance: 0.05 },
    ];
    const byModel = chooseAgents({}, local({ abstained: true, scores }), analysis());
    expect(byModel.scores).toEqual({
      local: { finance: 0.6, marketing: 0.2, ops: 0.15, brand: 0.05 },
      model: { marketing: 0.8 },
    });
    expect(byModel.alternatives.map(({ agent }) => agent)).toEqual(['finance', 'ops', 'brand']);
    const byKeywords = chooseAgents({}, null, analysis({ source: 'keywords' }));
    expect(byKeywords).toMatchObject({ scores: { local: null, model: null }, alternatives: [] });
    expect(Route.safeParse(byModel).success).toBe(true);
  });

  it('is what the keywords say when the model was away', () => {
    expect(chooseAgents({}, null, analysis({ source: 'keywords' }))).toMatchObject({
      decidedBy: 'keywords',
      reason: 'No local decision.',
    });
  });

  it('is the general agent when nobody names anyone worth their price', () => {
    for (const agents of [[], [{ agent: 'ops' as const, relevance: 0.14 }]])
      expect(chooseAgents({}, null, analysis({ agents }))).toMatchObject({
        agents: [{ agent: 'general', relevance: 1 }],
        decidedBy: 'default',
        confidence: 0,
      });
  });

  it('keeps the mode and category that the request asks for, whoever decides', () => {
    const options = { mode: 'fallback' as const, category: 'quick' as const };
    for (const route of [
      chooseAgents({ ...options, agents: ['ops'] }, local(), analysis()),
      chooseAgents(options, local(), analysis()),
      chooseAgents(options, null, analysis()),
      chooseAgents(options, null, analysis({ agents: [] })),
    ]) {
      expect(route).toMatchObject(options);
      expect(Route.safeParse(route).success).toBe(true);
    }
    expect(chooseAgents({}, local(), analysis({ mode: 'sequential' }))).toMatchObject({
      mode: 'sequential',
      category: 'artistry',
    });
  });
});
