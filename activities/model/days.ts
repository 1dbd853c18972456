/** The calendar day of an instant in a time zone, `YYYY-MM-DD`; an unknown zone counts as UTC. */
export function dayIn(timeZone: string, at: Date): string {
  try {
    return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(at);
  } catch {
    return at.toISOString().slice(0, 10);
  }
}
