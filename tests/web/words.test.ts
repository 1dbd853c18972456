import { describe, expect, it } from '@jest/globals';
import { formatAgo, formatCents, formatClock, formatDuration, formatShare } from '../../web/text/format.ts';
import { firstLanguage } from '../../web/text/text-context.tsx';
import { toAgentState } from '../../web/job/status.tsx';
import { temporalHref } from '../../web/layout/routes.tsx';

describe('what people read', () => {
  it('shows money so that small sums stay visible', () => {
    expect([0, 0.00004, 0.034, 0.42, 1, 3.149, 10, 99.5, 100, 1234].map(formatCents)).toEqual([
      '0¢',
      '<0.001¢',
      '0.034¢',
      '0.42¢',
      '1¢',
      '3.15¢',
      '10¢',
      '99.5¢',
      '$1.00',
      '$12.34',
    ]);
  });

  it('shows times in the language of the page', () => {
    const times = [0, 8_400, 9_960, 42_000, 65_000, 3_723_000];
    expect(times.map((ms) => formatDuration(ms, 'en'))).toEqual(['0.0s', '8.4s', '10s', '42s', '1m 05s', '1h 02m']);
    expect(times.map((ms) => formatDuration(ms, 'ko'))).toEqual([
      '0.0초',
      '8.4초',
      '10초',
      '42초',
      '1분 5초',
      '1시간 2분',
    ]);
    expect([-5, 7_900, 760_000, 3_723_000].map(formatClock)).toEqual(['0:00', '0:07', '12:40', '1:02:03']);
  });

  it('says how long ago', () => {
    const now = Date.parse('2026-03-10T12:00:00Z');
    expect(formatAgo('2026-03-10T11:59:50Z', now, 'en')).toBe('now');
    expect(formatAgo('2026-03-10T11:55:00Z', now, 'ko')).toBe('5분 전');
    expect(formatAgo('2026-03-09T12:00:00Z', now, 'en')).toBe('yesterday');
    expect(formatAgo('not a time', now, 'en')).toBe('');
  });

  it('keeps shares within their bounds', () => {
    expect([-1, 0.126, 1, 7].map(formatShare)).toEqual(['0%', '13%', '100%', '100%']);
  });

  it('starts in the language chosen before, else the one the browser prefers', () => {
    expect(firstLanguage('en', ['ko-KR'])).toBe('en');
    expect(firstLanguage(null, ['ko-KR', 'en'])).toBe('ko');
    expect(firstLanguage('tlh', ['de'])).toBe('en');
  });

  it('sorts the states of agents into four', () => {
    expect(['pending', 'running', 'completed', 'done', 'failed', 'new-word'].map(toAgentState)).toEqual([
      'pending',
      'running',
      'done',
      'done',
      'failed',
      'pending',
    ]);
  });

  it('links to Temporal only over the web', () => {
    const target = { organizationId: 'o', jobId: 'a/b' };
    expect(temporalHref('http://temporal:8233/namespaces/default/', target)).toBe(
      'http://temporal:8233/namespaces/default/workflows/orchestration-a%2Fb-o',
    );
    expect([null, '', 'nowhere', 'javascript:alert(1)'].map((url) => temporalHref(url, target))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
