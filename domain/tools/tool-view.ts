import type { ToolDefinition, ToolView } from '../../contracts/tools.ts';
import type { Connection } from '../../db/queries/connections.ts';
import type { ConnectionTool } from '../../db/queries/connection-tools.ts';
import { showInvisible } from '../../contracts/clean-text.ts';
import { diffOfTool } from './pins.ts';
import type { OfferedTool } from './tool-host.ts';
import { riskOf } from './offers.ts';

/**
 * A tool as its connection's page shows it: what its server says now, and how that differs from what was accepted. A
 * tool that an admin has never accepted is new as a whole. Pure.
 */
export function toToolView(row: ConnectionTool, connection: Pick<Connection, 'name' | 'kind' | 'trusted'>): ToolView {
  const now = row.pending ?? row.definition;
  return {
    name: row.name,
    remoteName: row.remote_name,
    connectionId: row.connection_id,
    connection: connection.name,
    ...toDescribed(now),
    risk: riskOf(now.annotations, connection.kind === 'first_party' || connection.trusted),
    state: row.state,
    hash: row.pending_hash ?? row.hash,
    diff: diffOfTool(row),
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

/** As text for people: what a server hides between the lines is made to be seen. */
const toDescribed = ({ title, description, inputSchema, outputSchema, annotations }: ToolDefinition) => ({
  title: title ?? annotations.title ?? null,
  description: showInvisible(description),
  inputSchema: visible(inputSchema) as ToolDefinition['inputSchema'],
  outputSchema: outputSchema ? (visible(outputSchema) as ToolDefinition['inputSchema']) : null,
  annotations,
});

function visible(value: unknown): unknown {
  if (typeof value === 'string') return showInvisible(value);
  if (Array.isArray(value)) return value.map(visible);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [showInvisible(name), visible(each)]));
}
