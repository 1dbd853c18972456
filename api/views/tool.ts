import type { ToolDefinition, ToolDiff, ToolView } from '../../contracts/tools.ts';
import type { Connection } from '../../db/queries/connections.ts';
import type { ConnectionTool } from '../../db/queries/connection-tools.ts';
import type { OfferedTool } from '../../mcp/host/tool-host.ts';
import { riskOf } from '../../mcp/port.ts';

/**
 * A tool as its connection's page shows it: what its server says now, and how that differs from what was accepted. A
 * tool that an admin has never accepted is new as a whole. Pure.
 */
export function toToolView(row: ConnectionTool, connection: Pick<Connection, 'name' | 'trusted'>): ToolView {
  const now = row.pending ?? row.definition;
  return {
    name: row.name,
    remoteName: row.remote_name,
    connectionId: row.connection_id,
    connection: connection.name,
    ...toDescribed(now),
    risk: riskOf(now.annotations, connection.trusted),
    state: row.state,
    hash: row.pending_hash ?? row.hash,
    diff: diffOf(row),
  };
}

/** A tool as it is offered to callers. Pure. */
export const toOfferedView = (tool: OfferedTool): Omit<ToolView, 'state' | 'hash' | 'diff'> => ({
  name: tool.name,
  remoteName: tool.remoteName,
  connectionId: tool.connectionId,
  connection: tool.connection,
  ...toDescribed(tool.definition),
  risk: tool.risk,
});

const toDescribed = ({ title, description, inputSchema, outputSchema, annotations }: ToolDefinition) => ({
  title: title ?? annotations.title ?? null,
  description,
  inputSchema,
  outputSchema: outputSchema ?? null,
  annotations,
});

const FIELDS = ['title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;

function diffOf({ state, pending, definition, accepted_at, remote_name }: ConnectionTool): ToolDiff[] {
  if (state !== 'quarantined') return [];
  if (!accepted_at) return [{ field: 'tool', before: null, after: remote_name }];
  if (!pending) return [];
  return FIELDS.map((field) => ({ field, before: asText(definition[field]), after: asText(pending[field]) })).filter(
    ({ before, after }) => before !== after,
  );
}

/** Text as it is, data as JSON with its fields in one order, so that only real differences show. */
function asText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(sorted(value), null, 2);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, sorted(each)]));
}
