import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js';
import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';

/** What a resource asks for when it refuses: where its metadata is, and the scope. */
export interface Challenge {
  readonly resourceMetadataUrl?: URL;
  readonly scope?: string;
  readonly error?: string;
}

/** One challenge of `WWW-Authenticate`; names are in small letters. */
type WireChallenge = { readonly scheme: string; readonly params: Map<string, string> };

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y;
const SPACE = /[ \t]*/y;
const COMMAS = /[ \t,]*/y;
/** Longer headers are cut: nobody needs more to say who grants access. */
const MAX_CHARS = 16_384;

/**
 * The challenges of a header (RFC 9110 11.6.1). Several in one line and several lines come to the same: both are joined
 * by commas, which also stand between a challenge's own parameters and inside of quotes. What cannot be read is passed by.
 */
function challengesOf(header: string): WireChallenge[] {
  const text = header.slice(0, MAX_CHARS);
  const found: WireChallenge[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const takeValue = (): string => take(QUOTED)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? take(TOKEN)?.[0] ?? '';
  while (at < text.length) {
    take(COMMAS);
    const start = at;
    const name = take(TOKEN)?.[0].toLowerCase();
    const afterName = at;
    take(SPACE);
    if (name !== undefined && text[at] === '=' && found.length > 0) {
      at += 1;
      take(SPACE);
      const value = takeValue();
      const { params } = found.at(-1) ?? { params: new Map<string, string>() };
      if (!params.has(name)) params.set(name, value);
    } else if (name !== undefined) {
      found.push({ scheme: name, params: new Map() });
      // Credentials of one word, as of Negotiate.
      if (at > afterName) take(TOKEN68);
    }
    if (at === start) at += 1;
  }
  return found;
}

/** Reads `WWW-Authenticate`. Where the metadata is counts only at the resource's own origin. */
export function readChallenge(response: Response, resourceUrl: string): Challenge {
  const all = challengesOf(response.headers.get('www-authenticate') ?? '');
  const bearers = all.filter(({ scheme }) => scheme === 'bearer');
  // What a refusal names and what it is refused for have to be of one challenge.
  const said =
    bearers.find(({ params }) => params.get('error') === 'insufficient_scope') ??
    bearers.find(({ params }) => params.has('resource_metadata') || params.has('scope')) ??
    bearers[0];
  const at = [said, ...bearers, ...all].map((one) => one?.params.get('resource_metadata')).find(Boolean);
  const address = at === undefined ? null : URL.parse(at, resourceUrl);
  const [scope, error] = [said?.params.get('scope')?.trim(), said?.params.get('error')];
  return {
    ...(address?.origin === new URL(resourceUrl).origin && { resourceMetadataUrl: address }),
    ...(scope && { scope }),
    ...(error && { error }),
  };
}

const CLIENT = { name: 'nubabel', version: '0.1.0' };
const INITIALIZE = { protocolVersion: LATEST_PROTOCOL_VERSION, capabilities: {}, clientInfo: CLIENT };

/** Asks an MCP server without credentials, to be told what it wants; one that wants nothing asks for nothing. */
export async function askForChallenge(url: string, fetch: FetchLike): Promise<Challenge> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: INITIALIZE }),
  });
  await response.body?.cancel();
  return response.ok ? {} : readChallenge(response, url);
}
