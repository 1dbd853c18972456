import {
  type Day,
  addDays,
  addMonths,
  endOfQuarter,
  endOfWeek,
  exactDate,
  lastOfMonth,
  nextDate,
  nextDayOfMonth,
  nextWeekday,
  weekdayInWeek,
  type DateMention,
} from './days.ts';

/** A way to name a day. `resolve` gets the match's groups and the day it is. */
interface DateRule {
  readonly pattern: RegExp;
  resolve(groups: readonly string[], today: Day): Day | undefined;
}

const SUNDAY = 6;
const WEEKDAYS = '월화수목금토일';
const COUNTS: ReadonlyMap<string, number> = new Map([
  ...Object.entries({ 하루: 1, 이틀: 2, 사흘: 3, 나흘: 4, 닷새: 5, 엿새: 6, 이레: 7, 열흘: 10, 보름: 15 }),
  ...Object.entries({ 일: 1, 한: 1, 두: 2, 세: 3, 네: 4, 이: 2, 삼: 3 }),
]);
const SOON = '(?:뒤|후|이내|안|내)';
const count = (text: string): number => COUNTS.get(text) ?? Number(text);
const weekday = (name: string): number => WEEKDAYS.indexOf(name);

function later(today: Day, amount: number, unit: string): Day | undefined {
  if (!(amount >= 0 && amount <= 400)) return undefined;
  if (/^(?:달|개월)/.test(unit)) return addMonths(today, amount);
  return addDays(today, unit.startsWith('주') ? amount * 7 : amount);
}

const RULES: readonly DateRule[] = [
  {
    pattern: /(?<!\d)(\d{4})[-/.]\s?(\d{1,2})[-/.]\s?(\d{1,2})(?!\d)/g,
    resolve: ([year = '', month = '', day = '']) => exactDate(Number(year), Number(month), Number(day)),
  },
  {
    pattern: /(?<![\d/.])(\d{1,2})[/.](\d{1,2})(?=\s?(?:전)?까지)/g,
    resolve: ([month = '', day = ''], today) => nextDate(today, Number(month), Number(day)),
  },
  { pattern: /내일\s?모레|모레/g, resolve: (_, today) => addDays(today, 2) },
  { pattern: /글피/g, resolve: (_, today) => addDays(today, 3) },
  { pattern: /내일(?!\s?모레)|낼까지|명일/g, resolve: (_, today) => addDays(today, 1) },
  { pattern: /오늘|금일/g, resolve: (_, today) => today },
  {
    pattern: /(이번|금|다음|담|차|다다음)\s?주\s?([월화수목금토일])요일/g,
    resolve: ([week = '', day = ''], today) => weekdayInWeek(today, weekday(day), weeksAhead(week)),
  },
  {
    pattern: /(이번|금|다음|담|다다음)\s?주말(?!\s?까지\s?아니)/g,
    resolve: ([week = ''], today) => weekdayInWeek(today, SUNDAY, weeksAhead(week)),
  },
  {
    pattern: /(?<!번\s?|음\s?|금\s?|담\s?)주말(?=까지|\s?전)/g,
    resolve: (_, today) => weekdayInWeek(today, SUNDAY, 0),
  },
  {
    pattern: /(이번|금|다음|담|다다음)\s?주(?:\s(?:말|중|내))?(?=까지|\s?(?:안|내)(?:에|으로)?|\s?중|\s말까지)/g,
    resolve: ([week = ''], today) => endOfWeek(today, weeksAhead(week)),
  },
  {
    pattern: /(?<!주\s?)([월화수목금토일])요일(?=\s?(?:까지|전|안에|오전|오후|에|점심|저녁))/g,
    resolve: ([day = ''], today) => nextWeekday(today, weekday(day)),
  },
  {
    pattern: /(이번|다음|다다음|내)\s?달\s?(\d{1,2})일/g,
    resolve: ([which = '', day = ''], today) => {
      const month = addMonths(
        exactDate(today.getUTCFullYear(), today.getUTCMonth() + 1, 1) ?? today,
        monthsAhead(which),
      );
      return exactDate(month.getUTCFullYear(), month.getUTCMonth() + 1, Number(day));
    },
  },
  {
    pattern: /(?:이번\s?달|이달)\s?(?:말|안|내)?(?=까지|에|\s)|(?<!\d)월말(?=까지|에|\s)/g,
    resolve: (_, today) => lastOfMonth(today),
  },
  {
    pattern: /(?:다음\s?|내)달\s?(?:말|(?=까지|\s?(?:안|내)))/g,
    resolve: (_, today) => lastOfMonth(addMonths(today, 1)),
  },
  {
    pattern: /(?:이번\s?)?분기\s?(?:말|안|내)(?=까지|에|\s|$)|이번\s?분기(?=까지)/g,
    resolve: (_, today) => endOfQuarter(today, 0),
  },
  { pattern: /다음\s?분기\s?(?:말|(?=까지))/g, resolve: (_, today) => endOfQuarter(today, 1) },
  {
    pattern: /(내년|올해|금년)?\s?(?:연말|년말)|(내년|올해|금년)\s?(?:말|(?:안|내)(?=에|으로)|(?=까지))/g,
    resolve: ([a, b], today) => exactDate(today.getUTCFullYear() + ((a ?? b) === '내년' ? 1 : 0), 12, 31),
  },
  { pattern: /상반기\s?(?:말|안|내)?(?=까지|에|으로)/g, resolve: (_, today) => lastOfNamed(today, 6) },
  { pattern: /하반기\s?(?:말|안|내)?(?=까지|에|으로)/g, resolve: (_, today) => lastOfNamed(today, 12) },
  {
    pattern: new RegExp(`(\\d{1,3}|일|한|두|세|네|이|삼)\\s?(일|주일|주|달|개월)\\s?${SOON}`, 'g'),
    resolve: ([amount = '', unit = ''], today) => later(today, count(amount), unit),
  },
  {
    pattern: new RegExp(`(하루|이틀|사흘|나흘|닷새|엿새|이레|열흘|보름)\\s?${SOON}`, 'g'),
    resolve: ([amount = ''], today) => later(today, count(amount), '일'),
  },
  {
    pattern: /(?:(\d{4})년\s?)?(\d{1,2})월\s?(\d{1,2})일/g,
    resolve: ([year, month = '', day = ''], today) =>
      year ? exactDate(Number(year), Number(month), Number(day)) : nextDate(today, Number(month), Number(day)),
  },
  {
    pattern: /(?<!\d)(\d{1,2})월(?:\s?말|(?=까지|\s?안에|\s?내로))/g,
    resolve: ([month = ''], today) => (Number(month) <= 12 ? lastOfNamed(today, Number(month)) : undefined),
  },
  {
    pattern: /(?<![\d월달]\s?)(\d{1,2})일(?=까지|\s?이전)/g,
    resolve: ([day = ''], today) => nextDayOfMonth(today, Number(day)),
  },
];

const BEFORE = /(?:마감|기한)(?:일|은|는|이)?:?\s*$/;
const AFTER =
  /^\s?(?:(?:오전|오후|아침|점심|저녁|밤|자정|정오|퇴근|업무|근무|\d{1,2}시)[^.,!?\n]{0,8})?(?:이전|전)?(?:까지|안에|이내|내로|안으로|마감)/;
/** What follows a day from which something begins, or that something is not to be done before. */
const NO_LIMIT = /^\s?(?:이후|부터|지나|이래|(?:이?전)?까지는?\s?(?:하지|보내지|건드리지|안\s)|(?:이?전)에는\s)/;

/** The days that a Korean text names, and those that are written in digits only. */
export const findKoreanDates = (text: string, today: Day): DateMention[] =>
  RULES.flatMap(({ pattern, resolve }) =>
    [...text.matchAll(pattern)].flatMap((match) => {
      const day = resolve(match.slice(1), today);
      const end = match.index + match[0].length;
      if (!day || day < today || NO_LIMIT.test(text.slice(end))) return [];
      return [
        { day, at: match.index, end, isLimit: BEFORE.test(text.slice(0, match.index)) || AFTER.test(text.slice(end)) },
      ];
    }),
  );

const weeksAhead = (week: string): number => (week === '다다음' ? 2 : /다음|담|차/.test(week) ? 1 : 0);
const monthsAhead = (month: string): number => (month === '다다음' ? 2 : month === '이번' ? 0 : 1);

/** The end of a month without a year: this year's, or next year's when it is over. */
function lastOfNamed(today: Day, month: number): Day {
  const end = lastOfMonth(new Date(Date.UTC(today.getUTCFullYear(), month - 1, 1)));
  return end >= today ? end : lastOfMonth(new Date(Date.UTC(today.getUTCFullYear() + 1, month - 1, 1)));
}
