/** A calendar day, as midnight UTC; no time zone is left in it. */
export type Day = Date;

const DAY_MS = 86_400_000;

/** The day it is in a time zone. An unknown zone counts as UTC. */
export function dayIn(now: Date, timeZone: string): Day {
  return new Date(`${dateText(now, timeZone)}T00:00:00Z`);
}

/** Making a formatter costs hundreds of times what using it does; there are as many as time zones that people live in. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function dateText(now: Date, timeZone: string): string {
  try {
    return formatterOf(timeZone).format(now);
  } catch {
    return formatterOf('UTC').format(now);
  }
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const options = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  const formatter = formatters.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { ...options, timeZone });
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

/** YYYY-MM-DD. */
export const toDateText = (day: Day): string => day.toISOString().slice(0, 10);
