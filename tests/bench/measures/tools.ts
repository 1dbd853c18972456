import { randomUUID } from 'node:crypto';
import { createFakeMcp } from '../../fakes/mcp/index.ts';
import type { Measure } from '../bench.ts';
import { inTurn } from '../client/callers.ts';
import { nowMs } from '../clock.ts';
import { ms, perSecond, type Row } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import type { Stage } from '../stage/stage.ts';
import { makeTenant, type Tenant } from '../stage/tenant.ts';
import { percentile } from '../statistics.ts';

const CALLERS = 20;
const CALLS = 25;
const TOOLS = [
  { name: 'look', description: 'Looks something up.', annotations: { readOnlyHint: true } },
  { name: 'change', description: 'Changes something.', inputSchema: { type: 'object' } },
];

/**
 * What a tool call costs that nobody has to approve: over REST to a remote MCP server on this machine and back, as a job
 * with its history, and for a change with its lines in the ledger before and after.
 */
export const tools: Measure = async ({ size, stage: openStage }) => {
  const stage = await openStage();
  const tenant = await makeTenant(stage);
  const server = await createFakeMcp({ tools: TOOLS });
  try {
    await post(stage, tenant, '/api/connections', {
      provider: 'bench',
      name: 'Bench',
      url: server.url,
      trusted: true,
      auth: { kind: 'none' },
    });
    await post(stage, tenant, '/api/admin/approval-policy', { risks: [], untrusted: false }, 'PUT');
    const call = (tool: string) =>
      post(stage, tenant, `/api/tools/bench__${tool}/call`, { arguments: { nth: randomUUID() } });
    const timed = async (tool: string) => {
      const start = nowMs();
      await call(tool);
      return nowMs() - start;
    };
    await timed('look');
    const looks = await rounds(size.rounds, () => rounds(CALLS, () => timed('look')));
    const changes = await rounds(size.rounds, () => rounds(CALLS, () => timed('change')));
    const load = await inTurn(4 * CALLERS, CALLERS, () => call('change'));
    return [
      rowOf('one read through a remote MCP server, called over REST', looks),
      rowOf('one change through the ledger, called over REST', changes),
      {
        goal: `changes by ${CALLERS} callers: errors 0`,
        reference: 'no goal for the rate',
        measured: `${perSecond(load.perSecond)}, ${load.errors.length} errors`,
        value: load.errors.length,
        bound: { atMost: 0 },
      },
    ];
  } finally {
    await server.close();
  }
};

function rowOf(goal: string, all: readonly (readonly number[])[]): Row {
  const at = (share: number) => middle(all, (round) => percentile([...round], share));
  return { goal, reference: `p95 ${ms(at(0.95))}`, measured: ms(at(0.5)), value: at(0.5) };
}

async function post({ url }: Stage, { token }: Tenant, path: string, body: unknown, method = 'POST'): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (answer.status !== 200 && answer.status !== 201) throw new Error(`${path}: ${answer.status} ${text}`);
}
