import { type Day, addDays, addMonths, exactDate, lastOfMonth, nextDate, nextWeekday, weekdayInWeek } from './days.ts';

/** A way to name a day. `resolve` gets the match's groups and the day it is. */
interface DeadlineRule {
  readonly pattern: RegExp;
  resolve(groups: readonly string[], today: Day): Day | undefined;
}

const FRIDAY = 4;
const SUNDAY = 6;
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const KOREAN_WEEKDAYS = '월화수목금토일';
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const NUMBERS: Record<string, number> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  ten: 10,
  하루: 1,
  이틀: 2,
  사흘: 3,
  나흘: 4,
  일: 1,
  한: 1,
  두: 2,
  세: 3,
  네: 4,
  이: 2,
  삼: 3,
};

const WEEKDAY = '(mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?';
const MONTH = `(${MONTHS.join('|')})[a-z]*\\.?`;
const SOON = '(?:뒤|후|이내|안|내)';

const english = (source: string): RegExp => new RegExp(`(?<![\\w-])${source}(?![\\w-])`, 'gi');
const weekday = (name: string): number => WEEKDAYS.indexOf(name.slice(0, 3).toLowerCase());
const month = (name: string): number => MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
const amount = (text: string): number => NUMBERS[text.toLowerCase()] ?? Number(text);

function later(today: Day, count: number, unit: string): Day | undefined {
  if (!(count >= 0 && count <= 400)) return undefined;
  if (/^(?:month|달|개월)/.test(unit)) return addMonths(today, count);
  return addDays(today, /^(?:week|주)/.test(unit) ? count * 7 : count);
}

const ENGLISH: readonly DeadlineRule[] = [
  { pattern: english('day after tomorrow'), resolve: (_, today) => addDays(today, 2) },
  { pattern: english('(?<!after )(?:tomorrow|tmrw|tmr)'), resolve: (_, today) => addDays(today, 1) },
  { pattern: english('(?:today|tonight|eod|end of (?:the )?day|cob)'), resolve: (_, today) => today },
  {
    pattern: english('(?:eow|end of (?:(?:the|this) )?week|this week)'),
    resolve: (_, today) => endOfWeek(today, 0),
  },
  { pattern: english('(?:end of )?next week(?! ?end)'), resolve: (_, today) => endOfWeek(today, 1) },
  {
    pattern: english('(?:eom|end of (?:(?:the|this) )?month|month[- ]end)'),
    resolve: (_, today) => lastOfMonth(today),
  },
  { pattern: english('end of next month'), resolve: (_, today) => lastOfMonth(addMonths(today, 1)) },
  { pattern: english(`next ${WEEKDAY}`), resolve: ([day = ''], today) => weekdayInWeek(today, weekday(day), 1) },
  {
    pattern: english(`(?:by|on|until|till|before|due|this|for|coming)(?: the| this)? ${WEEKDAY}`),
    resolve: ([day = ''], today) => nextWeekday(today, weekday(day)),
  },
  {
    pattern: english(
      '(?:in|within) (?:the next )?(\\d{1,3}|an?|one|two|three|four|five|six|seven|ten) (day|week|month)s?',
    ),
    resolve: ([count = '', unit = ''], today) => later(today, amount(count), unit.toLowerCase()),
  },
  {
    pattern: english(`${MONTH} (\\d{1,2})(?:st|nd|rd|th)?(?:,? (\\d{4}))?`),
    resolve: ([name = '', day = '', year], today) => dated(today, month(name), Number(day), year),
  },
  {
    pattern: english(`(\\d{1,2})(?:st|nd|rd|th)?(?: of)? ${MONTH}(?:,? (\\d{4}))?`),
    resolve: ([day = '', name = '', year], today) => dated(today, month(name), Number(day), year),
  },
];

const KOREAN: readonly DeadlineRule[] = [
  { pattern: /내일\s?모레|모레/g, resolve: (_, today) => addDays(today, 2) },
  { pattern: /글피/g, resolve: (_, today) => addDays(today, 3) },
  { pattern: /내일(?!\s?모레)|낼까지/g, resolve: (_, today) => addDays(today, 1) },
  { pattern: /오늘|금일/g, resolve: (_, today) => today },
  {
    pattern: /(이번|금|다음|담|차|다다음)\s?주\s?([월화수목금토일])요일/g,
    resolve: ([week = '', day = ''], today) => weekdayInWeek(today, KOREAN_WEEKDAYS.indexOf(day), weeksAhead(week)),
  },
  {
    pattern: /(이번|금|다음|담|다다음)\s?주(?:\s?(?:말|중|내))?(?=까지|\s?(?:안|내)에?|\s?중|\s?말까지)/g,
    resolve: ([week = ''], today) => endOfWeek(today, weeksAhead(week)),
  },
  {
    pattern: /(?<!주\s?)([월화수목금토일])요일(?=\s?(?:까지|전|안에|오전|오후|에|점심|저녁))/g,
    resolve: ([day = ''], today) => nextWeekday(today, KOREAN_WEEKDAYS.indexOf(day)),
  },
  {
    pattern: /(?:이번\s?달|이달)\s?(?:말|안|내)?(?=까지|에|\s)|월말(?=까지|에|\s)/g,
    resolve: (_, today) => lastOfMonth(today),
  },
  { pattern: /다음\s?달\s?말/g, resolve: (_, today) => lastOfMonth(addMonths(today, 1)) },
  {
    pattern: new RegExp(`(\\d{1,3}|일|한|두|세|네|이|삼)\\s?(일|주일|주|달|개월)\\s?${SOON}`, 'g'),
    resolve: ([count = '', unit = ''], today) => later(today, amount(count), unit),
  },
  {
    pattern: new RegExp(`(하루|이틀|사흘|나흘)\\s?${SOON}`, 'g'),
    resolve: ([count = ''], today) => later(today, amount(count), '일'),
  },
  {
    pattern: /(?:(\d{4})년\s?)?(\d{1,2})월\s?(\d{1,2})일/g,
    resolve: ([year, name = '', day = ''], today) => dated(today, Number(name), Number(day), year),
  },
  { pattern: /(?<![\d월]\s?)(\d{1,2})일(?=까지)/g, resolve: ([day = ''], today) => dayOfMonth(today, Number(day)) },
];

const NUMERIC: readonly DeadlineRule[] = [
  {
    pattern: /(?<!\d)(\d{4})[-/.]\s?(\d{1,2})[-/.]\s?(\d{1,2})(?!\d)/g,
    resolve: ([year = '', name = '', day = '']) => exactDate(Number(year), Number(name), Number(day)),
  },
  {
    pattern:
      /(?<=(?:by|until|before|due|on) )(\d{1,2})\/(\d{1,2})(?![\d/])|(?<![\d/.])(\d{1,2})[/.](\d{1,2})(?=\s?까지)/g,
    resolve: ([a, b, c, d], today) => nextDate(today, Number(a ?? c), Number(b ?? d)),
  },
];

/** Every way to name a day that we understand. */
export const DEADLINE_RULES: readonly DeadlineRule[] = [...NUMERIC, ...ENGLISH, ...KOREAN];

/** A week that is named without a day ends on its Friday; on a weekend, this week ends on Sunday. */
function endOfWeek(today: Day, weeks: number): Day {
  const friday = weekdayInWeek(today, FRIDAY, weeks);
  return friday < today ? weekdayInWeek(today, SUNDAY, weeks) : friday;
}

const weeksAhead = (week: string): number => (week === '다다음' ? 2 : /다음|담|차/.test(week) ? 1 : 0);

const dated = (today: Day, month: number, day: number, year: string | undefined): Day | undefined =>
  year ? exactDate(Number(year), month, day) : nextDate(today, month, day);

function dayOfMonth(today: Day, day: number): Day | undefined {
  const thisMonth = exactDate(today.getUTCFullYear(), today.getUTCMonth() + 1, day);
  if (thisMonth && thisMonth >= today) return thisMonth;
  const next = addMonths(exactDate(today.getUTCFullYear(), today.getUTCMonth() + 1, 1) ?? today, 1);
  return exactDate(next.getUTCFullYear(), next.getUTCMonth() + 1, day);
}
