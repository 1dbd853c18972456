/** Making a formatter costs hundreds of times what using it does; there are as many as time zones that people live in. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** The calendar day of an instant in a time zone, `YYYY-MM-DD`; an unknown zone counts as UTC. */
export function dayIn(timeZone: string, at: Date): string {
  try {
    const formatter = formatters.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
    formatters.set(timeZone, formatter);
    return formatter.format(at);
  } catch {
    return at.toISOString().slice(0, 10);
  }
}
