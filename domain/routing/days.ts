/** A calendar day, as midnight UTC; no time zone is left in it. */
export type Day = Date;

/** A day that a text names. */
export interface DateMention {
  readonly day: Day;
  readonly at: number;
  readonly end: number;
  /** Worded as a limit, not just a date. */
  readonly isLimit: boolean;
}

const DAY_MS = 86_400_000;
const FRIDAY = 4;
const SUNDAY = 6;

/** What the clock on the wall shows in a time zone, as if it were UTC. An unknown zone counts as UTC. */
export function wallClockIn(now: Date, timeZone: string): Date {
  return new Date(`${clockText(now, timeZone).replace(' ', 'T')}Z`);
}

/** The day of an instant whose time zone is gone already. */
export const toDay = (clock: Date): Day => new Date(Math.floor(clock.getTime() / DAY_MS) * DAY_MS);

/** Making a formatter costs hundreds of times what using it does; there are as many as time zones that people live in. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function clockText(now: Date, timeZone: string): string {
  try {
    return formatterOf(timeZone).format(now);
  } catch {
    return formatterOf('UTC').format(now);
  }
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  // Swedish writes as ISO 8601 does: 2026-03-11 12:00:00.
  const options = { dateStyle: 'short', timeStyle: 'medium', hourCycle: 'h23' } as const;
  const formatter = formatters.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { ...options, timeZone });
  formatters.set(timeZone, formatter);
  return formatter;
}

export const addDays = (day: Day, days: number): Day => new Date(day.getTime() + days * DAY_MS);

/** The same day of a later month; the last day if that month is shorter. */
export function addMonths(day: Day, months: number): Day {
  const last = lastOfMonth(new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + months, 1)));
  return new Date(Math.min(last.getTime(), Date.UTC(last.getUTCFullYear(), last.getUTCMonth(), day.getUTCDate())));
}

export const lastOfMonth = (day: Day): Day => new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0));

/** Monday is 0. */
const weekdayOf = (day: Day): number => (day.getUTCDay() + 6) % 7;

/** The weekday in this week (0) or a later one; weeks begin on Monday. */
export const weekdayInWeek = (today: Day, weekday: number, weeks: number): Day =>
  addDays(today, weekday - weekdayOf(today) + 7 * weeks);

/** The weekday that comes next; today counts. */
export const nextWeekday = (today: Day, weekday: number): Day => addDays(today, (weekday - weekdayOf(today) + 7) % 7);

/** A week that is named without a day ends on its Friday; on a weekend, this week ends on Sunday. */
export function endOfWeek(today: Day, weeks: number): Day {
  const friday = weekdayInWeek(today, FRIDAY, weeks);
  return friday < today ? weekdayInWeek(today, SUNDAY, weeks) : friday;
}

/** The last day of this quarter (0) or a later one. */
export const endOfQuarter = (today: Day, quarters: number): Day =>
  lastOfMonth(
    new Date(Date.UTC(today.getUTCFullYear(), Math.floor(today.getUTCMonth() / 3) * 3 + 2 + 3 * quarters, 1)),
  );

/** A month and day without a year: this year's, or next year's when it is over. Undefined if there is no such day. */
export function nextDate(today: Day, month: number, dayOfMonth: number): Day | undefined {
  const thisYear = exactDate(today.getUTCFullYear(), month, dayOfMonth);
  return thisYear && thisYear >= today ? thisYear : exactDate(today.getUTCFullYear() + 1, month, dayOfMonth);
}

/** Undefined if there is no such day, such as 31 April. */
export function exactDate(year: number, month: number, dayOfMonth: number): Day | undefined {
  const day = new Date(Date.UTC(year, month - 1, dayOfMonth));
  return day.getUTCMonth() === month - 1 && day.getUTCDate() === dayOfMonth ? day : undefined;
}

/** The day of the month that comes next, today included. Undefined if neither this month nor the next has it. */
export function nextDayOfMonth(today: Day, day: number): Day | undefined {
  const thisMonth = exactDate(today.getUTCFullYear(), today.getUTCMonth() + 1, day);
  if (thisMonth && thisMonth >= today) return thisMonth;
  const next = addMonths(today, 1);
  return exactDate(next.getUTCFullYear(), next.getUTCMonth() + 1, day);
}

/** Whether a text is YYYY-MM-DD, of a day that exists. */
export function isDateText(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  return exactDate(Number(year), Number(month), Number(day)) !== undefined;
}

/** YYYY-MM-DD. */
export const toDateText = (day: Day): string => day.toISOString().slice(0, 10);
