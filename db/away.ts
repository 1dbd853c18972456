/**
 * Connection trouble, a server that shuts down, starts or is full (SQLSTATE classes 08, 53 and 57P), or no free
 * connection in time: asking again later can help. The words are those of pg, which gives these errors no code.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return (
    /^(08|53|57P)/.test(code) ||
    /^E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT)$/.test(code) ||
    /timeout exceeded when trying to connect|Connection terminated|connection error and is not queryable/.test(
      error.message,
    )
  );
}

/** The same transaction may go through when it is done again: the database was away, or it lost to another one. */
export const isPassing = (error: unknown): boolean =>
  isDatabaseAway(error) || (error instanceof Error && codeOf(error).startsWith('40'));

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : '');
