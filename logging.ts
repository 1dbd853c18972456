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
