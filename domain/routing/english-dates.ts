import { casual, type ParsedResult } from 'chrono-node/en';
import {
  type DateMention,
  type Day,
  addDays,
  addMonths,
  endOfQuarter,
  endOfWeek,
  exactDate,
  lastOfMonth,
  nextDayOfMonth,
  weekdayInWeek,
} from './days.ts';

const SUNDAY = 6;
const MONTHS = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec';

const LIMIT =
  /(?:\b(?:by|until|till|before|due|no later than|not later than)|\b(?:deadline|due(?: date)?):?)\s*(?:on |the |this |is |of )*$/i;
/** Such a word before a weekday makes it one that is meant. */
const WEEKDAY_BEFORE = /\b(?:on|this|for|coming|next|through|and|or)\s+(?:the |this )?$/i;
/** What follows such words is where something begins, lies behind, repeats or is spoken about; nothing has to be done by it. */
const NO_LIMIT =
  /\b(?:(?:not|never|n['’]t|nothing|no)(?:\s+\w+){0,2}\s+(?:until|till|before|by|on|for|earlier than|sooner than)|no (?:earlier|sooner) than|earliest|after|since|from|starting|start|beginning|begins?|as of|between|last|past|previous|every|each|per|of|dated|was|were)\s+(?:on |the |this )*$/i;
const DAY_ENDS = '(?:eod|cob|eob|(?:the )?(?:end|close) of (?:(?:the|business|play) )?(?:day|business|play))';
const DAY_END_BEFORE = new RegExp(`\\b${DAY_ENDS}[\\s,]*(?:on |of |this |the )*$`, 'i');
const DAY_END_AFTER = new RegExp(`^[\\s,]*(?:by |at |before )?(?:the )?\\b${DAY_ENDS}\\b`, 'i');

interface Rule {
  readonly pattern: RegExp;
  resolve(groups: readonly string[], today: Day): Day | undefined;
}

const phrase = (source: string): RegExp => new RegExp(`(?<![\\w-])(?:${source})(?![\\w-])`, 'gi');
const monthOf = (name: string): number => MONTHS.split('|').indexOf(name.slice(0, 3).toLowerCase()) + 1;

/** What chrono does not know: mostly what ends where. A week that is named without a day ends on its Friday. */
const PERIODS: readonly Rule[] = [
  { pattern: phrase(DAY_ENDS), resolve: (_, today) => today },
  { pattern: phrase('(?:the )?day after tomorrow'), resolve: (_, today) => addDays(today, 2) },
  { pattern: phrase('eow|end of (?:(?:the|this) )?week|this week'), resolve: (_, today) => endOfWeek(today, 0) },
  { pattern: phrase('(?:end of )?next week(?! ?end)'), resolve: (_, today) => endOfWeek(today, 1) },
  { pattern: phrase('(?:this|the) weekend'), resolve: (_, today) => weekdayInWeek(today, SUNDAY, 0) },
  { pattern: phrase('next weekend'), resolve: (_, today) => weekdayInWeek(today, SUNDAY, 1) },
  {
    pattern: phrase('eom|end of (?:(?:the|this) )?month|(?:the )?month[- ]end'),
    resolve: (_, today) => lastOfMonth(today),
  },
  { pattern: phrase('end of next month'), resolve: (_, today) => lastOfMonth(addMonths(today, 1)) },
  {
    pattern: phrase('eoq|end of (?:(?:the|this) )?quarter|(?:the )?quarter[- ]end'),
    resolve: (_, today) => endOfQuarter(today, 0),
  },
  { pattern: phrase('end of next quarter'), resolve: (_, today) => endOfQuarter(today, 1) },
  {
    pattern: phrase('eoy|end of (?:(?:the|this) )?year|(?:the )?year[- ]end'),
    resolve: (_, today) => exactDate(today.getUTCFullYear(), 12, 31),
  },
  { pattern: phrase('end of next year'), resolve: (_, today) => exactDate(today.getUTCFullYear() + 1, 12, 31) },
  {
    pattern: phrase('end of q([1-4])(?:,? (\\d{4}))?'),
    resolve: ([quarter = '', year], today) => lastOf(today, Number(quarter) * 3, year),
  },
  {
    pattern: phrase(`end of (${MONTHS})[a-z]*\\.?(?:,? (\\d{4}))?`),
    resolve: ([name = '', year], today) => lastOf(today, monthOf(name), year),
  },
  {
    pattern: phrase(
      '(?<=\\b(?:by|until|till|before|due|due on|on|no later than) )(?:the )?(\\d{1,2})(?:st|nd|rd|th)(?: of (this|next) month)?(?=\\s*(?:$|[.,;:!?)\\n]|(?:at|and|or|so|please|but|if|with|we|to|latest)\\b))',
    ),
    resolve: ([day = '', which = ''], today) =>
      which.toLowerCase() === 'next'
        ? dayIn(addMonths(today, 1), Number(day))
        : which
          ? dayIn(today, Number(day))
          : nextDayOfMonth(today, Number(day)),
  },
];

/**
 * The days that an English text names as far as something can be due on them, in the order they stand there: those of
 * chrono, and the ends of periods, which it does not know. Left out is what chrono reads into words that name no day
 * ("a march plan", "sat scores", "4/5 users"), what is over, and what something begins or is counted from ("after Friday").
 * @param now the asker's wall clock, as if it were UTC
 */
export function findEnglishDates(text: string, today: Day, now: Date): DateMention[] {
  const periods = PERIODS.flatMap(({ pattern, resolve }) =>
    [...text.matchAll(pattern)].flatMap((match) => {
      const day = resolve(match.slice(1), today);
      return day && day >= today ? toMention(text, day, match.index, match.index + match[0].length) : [];
    }),
  );
  const named = casual
    .parse(text, { instant: now, timezone: 0 }, { forwardDate: true })
    .filter((result) => !periods.some((period) => overlaps(period, result)) && namesDay(text, result))
    .flatMap((result) => {
      const day = dayOf(result);
      return day && day >= today ? toMention(text, day, result.index, result.index + result.text.length) : [];
    });
  const dated = [...periods, ...named];
  // "End of day tomorrow" is tomorrow.
  return dated.filter((mention) => !isDayEnd(text, mention) || !named.some((day) => isBeside(text, mention, day)));
}

function toMention(text: string, day: Day, at: number, end: number): DateMention[] {
  const whole = text.slice(0, at);
  const before = whole.replace(DAY_END_BEFORE, '');
  if ([whole, before].some((words) => NO_LIMIT.test(words))) return [];
  return [{ day, at, end, isLimit: before !== whole || LIMIT.test(before) }];
}

const overlaps = (period: DateMention, { index, text }: ParsedResult): boolean =>
  index < period.end && period.at < index + text.length;

const isDayEnd = (text: string, { at, end }: DateMention): boolean => phrase(DAY_ENDS).test(text.slice(at, end));

const isBeside = (text: string, a: DateMention, b: DateMention): boolean =>
  /^[\s,]*(?:(?:on|of|this|the|by|at|before) ?)*$/i.test(
    a.end <= b.at ? text.slice(a.end, b.at) : text.slice(b.end, a.at),
  );

/** Whether a day is meant, and not a number, a name or a verb that looks like one. */
function namesDay(text: string, result: ParsedResult): boolean {
  const before = text.slice(0, result.index);
  const after = text.slice(result.index + result.text.length);
  const limited = LIMIT.test(before) || DAY_END_BEFORE.test(before) || DAY_END_AFTER.test(after);
  const sure = (part: Parameters<typeof result.start.isCertain>[0]): boolean => result.start.isCertain(part);
  if (result.end || /^['’]s\b/.test(after)) return limited;
  if (/^[-/.\w]/.test(after) || /[\w/@#.-]$/.test(before)) return false;
  const { tags, word } = { tags: result.tags(), word: result.text };
  if (tags.has('result/relativeDate') || tags.has('result/relativeDateAndTime'))
    return (
      limited ||
      /^(?:in|within)\b|\b(?:from now|from today|later)$/i.test(word) ||
      /\b(?:in|within) (?:the )?$/i.test(before)
    );
  if (/\bnow\b/i.test(word)) return false;
  if (sure('day') && sure('month')) return limited || sure('year') || isPlainDate(word, after);
  if (sure('weekday')) return limited || /\bnext\b/i.test(word) || sure('hour') || isMeantWeekday(word, before);
  // A month or a time alone.
  return limited && !/^(?:may|march|sec\w*)$/.test(word);
}

/** A month and a day without a year: "March 5", "5 April", "Dec 25th"; not "may 5 people" or "5 mar tags". */
function isPlainDate(word: string, after: string): boolean {
  if (!/[a-z]/i.test(word)) return false;
  if (
    /\d(?:st|nd|rd|th)\b/i.test(word) ||
    /january|february|april|june|july|august|september|october|november|december/i.test(word)
  )
    return true;
  return (
    /\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|March)\b/.test(word) &&
    !/^ +(?!at\b|and\b|or\b|for\b|please\b)[a-z]/.test(after)
  );
}

/** "on Friday", "for sat" no: of short names only those are taken that are written as names. */
const isMeantWeekday = (word: string, before: string): boolean =>
  (WEEKDAY_BEFORE.test(before) || /^(?:on|this|next|coming)\b/i.test(word)) &&
  (/day\b/i.test(word) || /\b(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b/.test(word));

const dayOf = ({ start, end }: ParsedResult): Day | undefined => {
  const parts = end ?? start;
  return exactDate(parts.get('year') ?? 0, parts.get('month') ?? 0, parts.get('day') ?? 0);
};

function lastOf(today: Day, month: number, year: string | undefined): Day {
  const end = lastOfMonth(new Date(Date.UTC(Number(year ?? today.getUTCFullYear()), month - 1, 1)));
  return year || end >= today ? end : lastOfMonth(new Date(Date.UTC(end.getUTCFullYear() + 1, month - 1, 1)));
}

const dayIn = (month: Day, day: number): Day | undefined =>
  exactDate(month.getUTCFullYear(), month.getUTCMonth() + 1, day);
