import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import type { ToolContext } from './define.ts';

/** Tells progress to a client that asked for it; MCP wants every number above the last. */
export function progressTo({
  _meta,
  sendNotification,
}: RequestHandlerExtra<ServerRequest, ServerNotification>): ToolContext['onProgress'] {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let last = 0;
  return (message, share) => {
    last = share !== undefined && share > last ? share : last + 0.000_001;
    const params = { progressToken, progress: last, message, ...(share !== undefined && { total: 1 }) };
    // Progress is a courtesy: a client that has gone must not fail the call.
    sendNotification({ method: 'notifications/progress', params }).catch(() => undefined);
  };
}
