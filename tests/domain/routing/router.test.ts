import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TRAINED_AGENTS } from '../../../contracts/agents.ts';
import type { Router } from '../../../domain/routing/router.ts';
import { loadRouter } from './load-router.ts';

let router: Router;
beforeAll(async () => {
  router = await loadRouter();
});

const korean = fc.string({ unit: fc.integer({ min: 0xac00, max: 0xd7a3 }).map((code) => String.fromCharCode(code)) });
const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  korean,
  fc.string({ minLength: 3_000, maxLength: 5_000 }),
);

describe('the router', () => {
  it('answers any string with scores for all agents that sum to 1', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { scores, agents, confidence, reason } = router.route(text);
        expect(scores.map(({ agent }) => agent).sort()).toEqual([...TRAINED_AGENTS].sort());
        expect(scores.reduce((sum, { relevance }) => sum + relevance, 0)).toBeCloseTo(1, 6);
        expect([...scores].sort((a, b) => b.relevance - a.relevance)).toEqual(scores);
        expect(agents.reduce((sum, { relevance }) => sum + relevance, 0)).toBeCloseTo(1, 6);
        expect(confidence).toBeGreaterThanOrEqual(0);
        expect(confidence).toBeLessThanOrEqual(1);
        expect(reason).not.toBe('');
      }),
      { numRuns: 400 },
    );
  });

  it('says the same about the same text every time', () => {
    fc.assert(fc.property(anyText, (text) => expect(router.route(text)).toEqual(router.route(text))));
  });

  it('says the same however the text is cased, padded or composed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Draft a launch tweet', 'Fix the login bug', '런칭 트윗 초안 써줘', '이번 분기 예산 확인해줘'),
        (text) => {
          const { scores } = router.route(text);
          expect(router.route(`  ${text.toUpperCase()}  `).scores).toEqual(scores);
          expect(router.route(text.normalize('NFD')).scores).toEqual(scores);
        },
      ),
    );
  });

  it.each(['', '   ', '!!!', '\u0000', '🙂🙂'])('abstains on %j, which says nothing', (text) => {
    expect(router.route(text)).toMatchObject({ abstained: true });
  });

  it.each([
    ['Draft a launch tweet and check the budget for it', ['finance', 'marketing']],
    ['런칭 트윗 초안 쓰고 예산도 확인해줘', ['finance', 'marketing']],
    ['Fix the login bug, then reply to the customers who reported it', ['engineering', 'support']],
  ])('sends %j to every agent it asks for', (text, expected) => {
    expect(
      router
        .route(text)
        .agents.map(({ agent }) => agent)
        .sort(),
    ).toEqual(expected);
  });

  it('reads only the beginning and the end of a long text', () => {
    const filler = 'lorem ipsum dolor sit amet '.repeat(2_000);
    expect(router.route(`Fix the failing unit tests\n${filler}`).scores).toEqual(
      router.route(`Fix the failing unit tests\n${filler}${filler}`).scores,
    );
  });
});
