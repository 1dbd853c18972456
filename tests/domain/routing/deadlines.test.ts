import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findDeadline } from '../../../domain/routing/entities.ts';

/** A Wednesday noon in Seoul; still Tuesday in Los Angeles. */
const NOW = new Date('2026-03-11T03:00:00Z');
const SEOUL = 'Asia/Seoul';

describe('the day a request is due', () => {
  it.each([
    ['Send it by Friday', '2026-03-13'],
    ['by Wednesday please', '2026-03-11'],
    ['next Monday works', undefined, '2026-03-16'],
    ['by next Friday', '2026-03-20'],
    ['finish it on Friday', '2026-03-13'],
    ['finish it tomorrow', '2026-03-12'],
    ['the day after tomorrow', '2026-03-13'],
    ['need this EOD', '2026-03-11'],
    ['end of day tomorrow', '2026-03-12'],
    ['tomorrow, end of day', '2026-03-12'],
    ['by EOD Friday', '2026-03-13'],
    ['Friday EOD please', '2026-03-13'],
    ['by close of business on March 20', '2026-03-20'],
    ['by noon', '2026-03-11'],
    ['due end of month', '2026-03-31'],
    ['by the end of March', '2026-03-31'],
    ['by the end of Q3', '2026-09-30'],
    ['by year end', '2026-12-31'],
    ['until the end of next week', '2026-03-20'],
    ['by the 15th', '2026-03-15'],
    ['by the 3rd of next month', '2026-04-03'],
    ['by the 15th of April', '2026-04-15'],
    ['in two weeks', '2026-03-25'],
    ['2 weeks from now', '2026-03-25'],
    ['within 10 days', '2026-03-21'],
    ['within 24 hours', '2026-03-12'],
    ['due March 5th', '2027-03-05'],
    ['by 5 April 2026', '2026-04-05'],
    ['until 2026-12-24', '2026-12-24'],
    ['12/25/2026', '2026-12-25'],
    ['by 25/12/2026', '2026-12-25'],
    ['by 4/2', '2026-04-02'],
    ['Friday at 5pm', '2026-03-13'],
    ['by Friday, not Thursday', '2026-03-13'],
    ['내일까지 해줘', '2026-03-12'],
    ['모레까지', '2026-03-13'],
    ['내일모레까지 됩니다', '2026-03-13'],
    ['내일 오후 3시까지', '2026-03-12'],
    ['금요일까지 부탁드려요', '2026-03-13'],
    ['다음 주 월요일까지', '2026-03-16'],
    ['이번 주까지', '2026-03-13'],
    ['이번 주말까지', '2026-03-15'],
    ['3월 5일', '2027-03-05'],
    ['3월 15일까지 보고서', '2026-03-15'],
    ['3월 말까지', '2026-03-31'],
    ['다음 달 15일까지', '2026-04-15'],
    ['20일까지', '2026-03-20'],
    ['2026년 4월 1일', '2026-04-01'],
    ['일주일 안에', '2026-03-18'],
    ['사흘 뒤', '2026-03-14'],
    ['열흘 안에', '2026-03-21'],
    ['월말까지 정산', '2026-03-31'],
    ['분기 말까지', '2026-03-31'],
    ['연말까지', '2026-12-31'],
    ['내년 말까지', '2027-12-31'],
    ['오늘 회의 내용을 내일까지 정리해줘', '2026-03-12'],
  ])('%s', (text, ...dates) => {
    expect(dates).toContain(findDeadline(text, NOW, SEOUL));
  });

  it.each([
    'Fix the login bug',
    'Write 5 marketing taglines',
    'Write 5 mar tags',
    'a march plan',
    'We march on',
    'compare the sat scores',
    'sun protection for the app',
    'the decision',
    'maybe later',
    'novel 5',
    'may 5 people join?',
    'on the third try',
    'on the 3rd try',
    'version 1.2.3',
    'iOS 4/5 users',
    '24/7 support',
    'fix the monday.com board',
    'not before Friday',
    'no earlier than next Monday',
    'after Friday',
    'What has changed since Monday?',
    'starting tomorrow',
    'What did we ship in March?',
    'Summarize the notes of March 5',
    'the standup of yesterday',
    'every 5 minutes',
    'the last 3 months',
    'for 5 days',
    'from March 15 to March 20',
    'by 30 February',
    '금요일 회의록 정리',
    '금요일 이후에',
    '내일부터 시작',
    '2월 31일까지',
  ])('is none in %s', (text) => {
    expect(findDeadline(text, NOW, SEOUL)).toBeUndefined();
  });

  it('is counted where the asker is', () => {
    expect(findDeadline('tomorrow', NOW, 'America/Los_Angeles')).toBe('2026-03-11');
    expect(findDeadline('tomorrow', NOW, 'Nowhere/Land')).toBe('2026-03-12');
  });

  it('is never over when a weekend asks for this week', () => {
    expect(findDeadline('이번 주까지', new Date('2026-03-14T03:00:00Z'), SEOUL)).toBe('2026-03-15');
  });
});

const DAY_MS = 86_400_000;
const NAMES = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const text = (day: Date): string => day.toISOString().slice(0, 10);
/** Walks the calendar a day at a time until it is right: slow, and nothing of the product's own arithmetic. */
function firstDay(from: Date, isRight: (day: Date) => boolean): Date {
  for (let day = from; ; day = new Date(day.getTime() + DAY_MS)) if (isRight(day)) return day;
}

const today = fc
  .date({ min: new Date('2024-01-01T00:00:00Z'), max: new Date('2031-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => new Date(Math.floor(date.getTime() / DAY_MS) * DAY_MS));
const noonOf = (day: Date): Date => new Date(day.getTime() + DAY_MS / 2);
const deadline = (words: string, day: Date) => findDeadline(words, noonOf(day), 'UTC');

describe('whatever day it is', () => {
  it('a weekday is the one that the calendar has next', () => {
    fc.assert(
      fc.property(today, fc.nat(6), fc.constantFrom('by', 'until', 'before', 'due'), (day, weekday, word) => {
        const right = firstDay(day, (other) => other.getUTCDay() === weekday);
        expect(deadline(`Finish it ${word} ${NAMES[weekday]}`, day)).toBe(text(right));
        expect(deadline(`${'일월화수목금토'[weekday]}요일까지 끝내줘`, day)).toBe(text(right));
        expect(deadline(`Finish it by EOD ${NAMES[weekday]}`, day)).toBe(text(right));
      }),
    );
  });

  it('a day of the month is the next one that exists', () => {
    fc.assert(
      fc.property(today, fc.integer({ min: 1, max: 28 }), (day, date) => {
        const right = text(firstDay(day, (other) => other.getUTCDate() === date));
        const suffix = { 1: 'st', 2: 'nd', 3: 'rd', 21: 'st', 22: 'nd', 23: 'rd' }[date] ?? 'th';
        expect(deadline(`Pay it by the ${date}${suffix}.`, day)).toBe(right);
        expect(deadline(`${date}일까지 결제`, day)).toBe(right);
      }),
    );
  });

  it('a date with its year is that date, and in the past none', () => {
    fc.assert(
      fc.property(today, today, (day, other) => {
        const [year, month, date] = text(other).split('-').map(Number) as [number, number, number];
        const right = other < day ? undefined : text(other);
        expect(deadline(`Send it by ${month}/${date}/${year}`, day)).toBe(right);
        expect(deadline(`Send it by ${text(other)}`, day)).toBe(right);
        expect(deadline(`${year}년 ${month}월 ${date}일까지`, day)).toBe(right);
      }),
    );
  });

  it('so many days from now are so many days', () => {
    fc.assert(
      fc.property(today, fc.integer({ min: 1, max: 60 }), (day, days) => {
        const right = text(new Date(day.getTime() + days * DAY_MS));
        expect(deadline(`within ${days} days`, day)).toBe(right);
        expect(deadline(`${days}일 이내`, day)).toBe(right);
      }),
    );
  });

  it('the end of a month, a quarter and a year is the last day before the next one', () => {
    fc.assert(
      fc.property(today, (day) => {
        const last = (isLast: (next: Date) => boolean) =>
          text(firstDay(day, (other) => isLast(new Date(other.getTime() + DAY_MS))));
        const month = last((next) => next.getUTCDate() === 1);
        const quarter = last((next) => next.getUTCDate() === 1 && next.getUTCMonth() % 3 === 0);
        const year = last((next) => next.getUTCDate() === 1 && next.getUTCMonth() === 0);
        expect(['by the end of the month', '월말까지'].map((words) => deadline(words, day))).toEqual([month, month]);
        expect(['by end of quarter', '분기 말까지'].map((words) => deadline(words, day))).toEqual([quarter, quarter]);
        expect(['by the end of the year', '연말까지'].map((words) => deadline(words, day))).toEqual([year, year]);
      }),
    );
  });

  it('no text gives a day that is over or does not exist', () => {
    fc.assert(
      fc.property(today, fc.string({ unit: 'binary', maxLength: 200 }), (day, words) => {
        const found = deadline(`by ${words}`, day);
        expect(found === undefined || (found >= text(day) && text(new Date(found)) === found)).toBe(true);
      }),
    );
  });
});
