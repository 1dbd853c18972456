import type { Approval } from '../../contracts/approval.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { AskedCall } from '../../contracts/tools.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { findConnection } from '../../db/queries/connections.ts';
import { findEffect } from '../../db/queries/effects.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { listCallsById, type ToolCall } from '../../db/queries/tool-calls.ts';
import type { StoreDeps } from '../../activities/store.ts';
import type { AskInput } from './questions.ts';

/** What a question about calls shows of them. */
export interface AboutCalls {
  readonly calls?: AskedCall[];
  readonly reconnect?: NonNullable<Approval['plan']['reconnect']>;
  readonly evidence: readonly string[];
}

/** The calls as they stand in the rows that will be run: what is shown is what is done. */
export async function askedCalls(
  deps: Pick<StoreDeps, 'publicUrl'>,
  trx: OrganizationTransaction,
  { id, language }: Orchestration,
  { kind, calls = [] }: Pick<AskInput, 'kind' | 'calls'>,
): Promise<AboutCalls> {
  if (calls.length === 0) return { evidence: [] };
  const rows = await listCallsById(trx, id, calls);
  const connections = new Map<string, string>();
  for (const connectionId of new Set(rows.flatMap((row) => row.connection_id ?? [])))
    connections.set(connectionId, (await findConnection(trx, connectionId))?.name ?? '');
  const nameOf = (row: ToolCall) => connections.get(row.connection_id ?? '') || (row.tool.split('__')[0] ?? '');
  const [first] = rows;
  const asked = rows.map((row) => ({
    id: row.id,
    tool: row.tool,
    connection: nameOf(row),
    risk: row.risk,
    arguments: row.arguments,
    reasons: row.reasons,
  }));
  if (kind === 'reconnect' && first?.connection_id) {
    const connection = nameOf(first);
    const url = `${deps.publicUrl}/connections/${first.connection_id}`;
    const reconnect = { connectionId: first.connection_id, connection, url };
    return { reconnect, evidence: [textsFor(language).tools.reconnectAsk(connection)] };
  }
  if (kind !== 'effect') return { calls: asked, evidence: [] };
  const effect = first?.effect_key ? await findEffect(trx, first.effect_key) : undefined;
  return { calls: asked, evidence: effect?.detail ? [effect.detail] : [] };
}
