import type { Language } from '../../contracts/agents.ts';

/** Cents as people read them: fractions below a cent keep two digits that matter, a dollar and more are dollars. */
export function formatCents(cents: number): string {
  if (cents >= 100) return `$${(cents / 100).toFixed(2)}`;
  if (cents >= 1) return `${trim(cents.toFixed(2))}¢`;
  if (cents > 0) return `${trim(cents.toFixed(cents < 0.1 ? 3 : 2))}¢`.replace(/^0¢$/, '<0.001¢');
  return '0¢';
}

/** `8.4s`, `1m 05s`, `2h 03m`; in Korean `8.4초`, `1분 5초`, `2시간 3분`. */
export function formatDuration(ms: number, language: Language): string {
  const seconds = Math.max(0, ms) / 1000;
  const [h, m, s] = language === 'ko' ? ['시간', '분', '초'] : ['h', 'm', 's'];
  if (seconds < 9.95) return `${seconds.toFixed(1)}${s}`;
  if (seconds < 59.5) return `${Math.round(seconds)}${s}`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  const rest = (count: number) => (language === 'ko' ? String(count) : String(count).padStart(2, '0'));
  if (minutes < 60) return `${minutes}${m} ${rest(Math.round(seconds) % 60)}${s}`;
  return `${Math.floor(minutes / 60)}${h} ${rest(minutes % 60)}${m}`;
}

/** A running clock: `0:07`, `12:40`, `1:02:03`. */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (count: number) => String(count).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** How long ago, in words: `now`, `5 min. ago`, `yesterday`, then the date. */
export function formatAgo(at: string, now: number, language: Language): string {
  const then = Date.parse(at);
  if (Number.isNaN(then)) return '';
  const formatter = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  const minutes = Math.round((now - then) / 60_000);
  if (minutes < 1) return formatter.format(0, 'second');
  if (minutes < 60) return formatter.format(-minutes, 'minute');
  if (minutes < 24 * 60) return formatter.format(-Math.round(minutes / 60), 'hour');
  if (minutes < 7 * 24 * 60) return formatter.format(-Math.round(minutes / 1440), 'day');
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(then);
}

/** A moment to come in the reader's own zone: `Dec 2, 9:00 AM`; with the year when it is another one. */
export function formatMoment(at: string, now: number, language: Language): string {
  const isOtherYear = new Date(at).getFullYear() !== new Date(now).getFullYear();
  return new Intl.DateTimeFormat(language, {
    ...(isOtherYear && { year: 'numeric' }),
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  }).format(Date.parse(at));
}

/** A share of one as a percentage. */
export const formatShare = (share: number): string => `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%`;

const trim = (decimal: string) => decimal.replace(/\.?0+$/, '');
