import { describe, expect, it } from '@jest/globals';
import { dueThreshold } from '../../../domain/budgets/limits.ts';
import { dayIn } from '../../../domain/models/turn-context.ts';
import { progressOf } from '../../../domain/steps/end-step.ts';
import { textsFor } from '../../../contracts/texts.ts';
import { sampleAgent } from '../../support/samples.ts';

describe('the step line', () => {
  const show = (...states: ('pending' | 'running' | 'waiting' | 'skipped' | 'done' | 'failed')[]) =>
    progressOf(
      states.map((status, i) => sampleAgent((['brand', 'ops', 'finance'] as const)[i] ?? 'general', { status })),
      textsFor('en'),
    );

  it('names the first agent still running, else the next one, else the merge', () => {
    expect(show('done', 'pending', 'running').step).toBe('Running agent: Finance (2/3)');
    expect(show('done', 'pending', 'pending').step).toBe('Running agent: Ops (2/3)');
    expect(show('done', 'failed', 'done').step).toBe('Merging the answers');
    expect(show('running').step).toBe('Running agent: Brand (1/1)');
  });

  it('goes from 15 to 90 percent as agents end, failed ones too', () => {
    expect(show('running', 'running', 'running').progress).toBe(15);
    expect(show('done', 'running', 'running').progress).toBe(40);
    expect(show('done', 'failed', 'running').progress).toBe(65);
    expect(show('done', 'failed', 'done').progress).toBe(90);
    expect(show('done', 'skipped', 'running').progress).toBe(65);
  });

  it('never says that it merges before anybody has answered', () => {
    expect(progressOf([], textsFor('en'))).toEqual({ step: 'Understanding the request', progress: 15 });
    expect(show('waiting', 'waiting').step).toBe('Running agent: Brand (1/2)');
    expect(show('skipped', 'skipped').step).toBe('Merging the answers');
  });

  it('is Korean for Korean', () => {
    expect(progressOf([sampleAgent('brand')], textsFor('ko')).step).toBe('에이전트 실행 중: Brand (1/1)');
  });
});

describe('the day of a person', () => {
  const late = new Date('2026-11-21T20:30:00Z');
  it('is the one of their time zone', () => {
    expect(dayIn('UTC', late)).toBe('2026-11-21');
    expect(dayIn('Asia/Seoul', late)).toBe('2026-11-22');
    expect(dayIn('America/Los_Angeles', new Date('2026-11-21T03:00:00Z'))).toBe('2026-11-20');
  });

  it('is UTC’s when the zone is unknown', () => {
    expect(dayIn('Mars/Olympus', late)).toBe('2026-11-21');
    expect(dayIn('', late)).toBe('2026-11-21');
  });
});

describe('a budget warning', () => {
  const window = (alertedShare: number, spentNanos: number, limitNanos = 1_000) => ({
    alertedShare,
    spentNanos,
    limitNanos,
  });
  const THRESHOLDS = [0.8, 0.95];

  it('is given by the payment that reaches a threshold, and by none after it', () => {
    expect(dueThreshold(window(0, 800), THRESHOLDS)).toBe(0.8);
    expect(dueThreshold(window(0.8, 900), THRESHOLDS)).toBeUndefined();
    expect(dueThreshold(window(0, 799), THRESHOLDS)).toBeUndefined();
    expect(dueThreshold(window(0.8, 950), THRESHOLDS)).toBe(0.95);
    expect(dueThreshold(window(0.95, 999), THRESHOLDS)).toBeUndefined();
  });

  it('is one for the highest threshold when a payment crosses several', () => {
    expect(dueThreshold(window(0, 1_000), THRESHOLDS)).toBe(0.95);
  });

  it('is never given where there is no limit', () => {
    expect(dueThreshold(window(0, 1e18, 2 ** 63), THRESHOLDS)).toBeUndefined();
  });
});
