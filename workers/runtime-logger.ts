import type { Logger as TemporalLogger, LogLevel, LogMetadata } from '@temporalio/common';
import type { Logger } from '../logging.ts';

/** Temporal's own lines in the process's log. */
export function toRuntimeLogger(log: Logger): TemporalLogger {
  const write = (level: LogLevel, message: string, meta: LogMetadata = {}) => {
    const line = { ...meta, err: meta['error'] };
    if (level === 'ERROR') log.error(line, message);
    else if (level === 'WARN') log.warn(line, message);
    else if (level === 'INFO') log.info(line, message);
    else log.debug(line, message);
  };
  const at = (level: LogLevel) => (message: string, meta?: LogMetadata) => write(level, message, meta);
  return { log: write, trace: at('TRACE'), debug: at('DEBUG'), info: at('INFO'), warn: at('WARN'), error: at('ERROR') };
}
