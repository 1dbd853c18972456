import { extractWWWAuthenticateParams } from '@modelcontextprotocol/sdk/client/auth.js';
import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js';

/** What a resource asks for when it refuses: where its metadata is, and the scope. */
export interface Challenge {
  readonly resourceMetadataUrl?: URL;
  readonly scope?: string;
  readonly error?: string;
}

/** Reads `WWW-Authenticate`. Where the metadata is counts only at the resource's own origin. */
export function readChallenge(response: Response, resourceUrl: string): Challenge {
  const { resourceMetadataUrl: at, scope, error } = extractWWWAuthenticateParams(response);
  return {
    ...(at && at.origin === new URL(resourceUrl).origin && { resourceMetadataUrl: at }),
    ...(scope && { scope }),
    ...(error && { error }),
  };
}

/** Asks an MCP server without credentials, to be told what it wants; one that wants nothing asks for nothing. */
export async function askForChallenge(url: string, fetch: FetchLike): Promise<Challenge> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: {
        protocolVersion: LATEST_PROTOCOL_VERSION,
        capabilities: {},
        clientInfo: { name: 'nubabel', version: '0.1.0' },
      },
    }),
  });
  await response.body?.cancel();
  return response.status === 401 ? readChallenge(response, url) : {};
}
