import { SEARCH_ATTRIBUTE_NAMES } from '../contracts/queues.ts';
import type { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import type { Logger as TemporalLogger, LogLevel, LogMetadata } from '@temporalio/common';
import type { Logger } from '../logging.ts';

/** Connects, waiting for a server that is not there yet. */
export async function connectNative(
  { connectionOptions }: ClientConnectConfig,
  onRetry: (error: unknown) => void,
  retryMs = 1_000,
): Promise<NativeConnection> {
  for (;;) {
    try {
      return await NativeConnection.connect(connectionOptions);
    } catch (error) {
      onRetry(error);
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

/** `KEYWORD` in Temporal's enum of search attribute types. */
const KEYWORD = 2;

/** Makes our search attributes known to the namespace; a server that has them already, or forbids it, is left as it is. */
export async function ensureSearchAttributes(
  { operatorService }: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<void> {
  const { customAttributes = {} } = await operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTE_NAMES.filter((name) => !(name in customAttributes));
  if (missing.length === 0) return;
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
  });
}

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
