import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decidePlanning } from '../../../domain/planning/decide-planning.ts';
import type { Language } from '../../../contracts/agents.ts';
import type { Analysis } from '../../../contracts/orchestration.ts';
import type { RequestOptions } from '../../../db/tables/work.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const LANGUAGES: readonly Language[] = ['en', 'ko'];
const ANALYSIS: Analysis = {
  intent: 'other',
  entities: {},
  category: 'quick',
  skills: [],
  confidence: 0.9,
  language: 'en',
  agents: [],
  mode: 'parallel',
  source: 'model',
};

const decide = (
  message: string,
  {
    options = {},
    analysis = {},
    language = 'en',
  }: { options?: RequestOptions; analysis?: Partial<Analysis>; language?: Language } = {},
) => decidePlanning({ message, options, analysis: { ...ANALYSIS, ...analysis }, agents: [], language });

interface Example {
  readonly wanted: boolean;
  readonly message: string;
}

const linesOf = (path: string): string[][] =>
  readFileSync(join(ROOT, path), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
const examples = (name: string): Example[] =>
  linesOf(`tests/domain/planning/decisions/${name}.tsv`).map(([label, message = '']) => ({
    wanted: label === 'complex',
    message,
  }));
const share = (language: Language, given: readonly Example[]): number =>
  given.filter(({ wanted, message }) => decide(message, { language }).used === wanted).length / given.length;

describe.each(LANGUAGES)('whether a request in “%s” gets a plan', (language) => {
  it('is decided right where the rules were made', () => {
    const seen = [...examples(language).filter((_, i) => i % 2 === 0), ...examples(`${language}-more`)];
    expect(share(language, seen)).toBeGreaterThanOrEqual(0.95);
  });

  it('is decided right for the half that the rules were not made with', () => {
    expect(
      share(
        language,
        examples(language).filter((_, i) => i % 2 === 1),
      ),
    ).toBeGreaterThanOrEqual(0.95);
  });

  // Written after the rules, and never used to change them.
  it('is decided right for what was written later', () => {
    expect(share(language, examples(`${language}-unseen`))).toBeGreaterThanOrEqual(0.9);
  });

  it('is decided in a moment, however long and odd it is', () => {
    for (const part of ['a ', 'deploy ', '배포하고 ', '줄 수 있', '계획을 ', '1. ', 'and then ', '"', 'make a plan ']) {
      const startedAt = performance.now();
      decide(part.repeat(10_000), { language });
      expect(performance.now() - startedAt).toBeLessThan(250);
    }
  });
});

describe('a request for one agent', () => {
  it('hardly ever gets a plan', () => {
    const names = [
      'brand',
      'engineering',
      'finance',
      'general',
      'growth',
      'held-out',
      'marketing',
      'ops',
      'product',
      'support',
    ];
    const lines = names.flatMap((name) => linesOf(`tools/routing/examples/${name}.tsv`));
    const planned = lines.filter(
      ([, language, message = '']) => decide(message, { language: language as Language }).used,
    );
    expect(lines.length).toBeGreaterThan(1_000);
    expect(planned.length / lines.length).toBeLessThan(0.005);
  });
});

describe('the decision', () => {
  const COMPLEX = 'Analyze the codebase, fix the bugs, run the tests, then deploy';

  it.each<[RequestOptions, boolean, string]>([
    [{ plan: 'always' }, true, 'option:always'],
    [{ plan: 'never' }, false, 'option:never'],
    [{ plan: 'always', agents: ['ops'] }, true, 'option:always'],
    [{ agents: ['ops'] }, false, 'option:agents'],
    [{ mode: 'sequential' }, false, 'option:mode'],
    [{ plan: 'auto', agents: ['ops'] }, false, 'option:agents'],
  ])('of a request with %j is the request’s own', (options, used, signal) => {
    expect(decide(used ? 'Hello' : COMPLEX, { options })).toEqual({
      used,
      reason: expect.any(String),
      signals: [signal],
    });
  });

  it('explains itself', () => {
    expect(decide(COMPLEX)).toEqual({
      used: true,
      reason: 'The request asks for 4 different things to be done.',
      signals: ['actions:4', 'ordered', 'irreversible:deploy', 'intent:other', 'agents:0'],
    });
    expect(decide('Check the logs and deploy')).toMatchObject({
      used: true,
      reason: 'Something that cannot be undone depends on other work.',
    });
    expect(decide('Make a plan for the audit and carry it out')).toMatchObject({
      used: true,
      signals: expect.arrayContaining(['asked']),
    });
    expect(decide('Deploy the site')).toMatchObject({ used: false, signals: expect.arrayContaining(['actions:1']) });
    expect(decide('What should we test before we deploy?')).toMatchObject({
      used: false,
      reason: 'The request is a question, which an answer settles.',
    });
  });

  it('minds a model that heard a deployment in an order', () => {
    const message = 'Check the build, then push the button';
    expect(decide(message).used).toBe(false);
    expect(decide(message, { analysis: { intent: 'deploy', mode: 'sequential' } }).used).toBe(true);
  });

  it('is not moved by what a person quotes', () => {
    expect(decide('Translate this: "Analyze the code, fix the bugs, run the tests, then deploy"').used).toBe(false);
    expect(decide('이 문장을 번역해줘: "분석하고 고치고 테스트하고 배포합니다"', { language: 'ko' }).used).toBe(false);
  });
});
