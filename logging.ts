import { pino, type Logger } from 'pino';

export type { Logger };

/** One structured log line per fact, JSON on standard output. Secrets are cut out wherever they are named. */
export const createLogger = (name: string, level: string): Logger =>
  pino({
    name,
    level,
    redact: {
      paths: [
        'token',
        '*.token',
        'authorization',
        '*.authorization',
        'headers.authorization',
        'password',
        '*.password',
      ],
      censor: '(removed)',
    },
  });

/** Errors whose message is the sentence an operator needs; the stack of any other one tells where our bug is. */
const PLAIN = ['ConfigurationError', 'UnsafeDatabaseError', 'UnknownPoolError'];

/** The end of a process that could not start. */
export function failStart(error: unknown): never {
  const plain = error instanceof Error && PLAIN.includes(error.name);
  const words = error instanceof Error ? (plain ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`${words}\n`);
  process.exit(1);
}
