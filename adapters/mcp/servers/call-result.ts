import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { CallToolResult, ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { isRecord } from '../../../contracts/json.ts';
import type { ProviderError, ProviderFault, ToolContext } from './define.ts';

/** Where the ledger's key stands in a request's `_meta`. */
export const EFFECT_KEY_META = 'nubabel/effect-key';

/** Where a result's `_meta` says what kind of failure it is. */
const FAULT_META = 'nubabel/fault';

const Fault = z.object({
  fault: z.enum(['refused', 'unknown', 'unauthorized', 'rate_limited', 'unavailable'] satisfies ProviderFault[]),
  retryAfterMs: z.number().optional(),
});
type Fault = z.infer<typeof Fault>;

/** A failure as MCP tells it: words for the model, and the kind of failure for the host. */
export const toFaultResult = ({ fault, retryAfterMs, message }: ProviderError): CallToolResult => ({
  content: [{ type: 'text', text: message }],
  isError: true,
  _meta: { [FAULT_META]: { fault, retryAfterMs } satisfies Fault },
});

/**
 * What kind of failure a server of ours answered; undefined for a success. A failure that says nothing is one of the
 * arguments: the SDK refuses those before the tool is run.
 */
export function faultOf({ isError, _meta: meta }: Readonly<Record<string, unknown>>): Fault | undefined {
  if (isError !== true) return undefined;
  const fault = Fault.safeParse(isRecord(meta) ? meta[FAULT_META] : undefined);
  return fault.success ? fault.data : { fault: 'refused' };
}

const scalar = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

const isNested = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

const indent = (text: string): string => text.replaceAll('\n', '\n  ');

function entry(key: string, value: unknown): string {
  if (isNested(value)) return `${key}:\n  ${indent(toReadable(value))}`;
  const text = scalar(value);
  // Lines of a text stand further in than its key, so that none of them can pass for a field.
  return text.includes('\n') ? `${key}:\n  ${indent(text)}` : `${key}: ${text}`;
}

/** Data as lines that people and models read easily: `key: value`, lists with dashes, what is inside further in. */
export function toReadable(value: unknown): string {
  if (!isNested(value)) return indent(scalar(value));
  if (Array.isArray(value)) return value.map((item: unknown) => `- ${indent(toReadable(item))}`).join('\n');
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([key, field]) => entry(key, field))
    .join('\n');
}

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
