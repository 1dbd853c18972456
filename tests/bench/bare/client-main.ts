import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { listen, readBody, sendJson } from '../../../dev/fakes/http-server.ts';
import { inTurn } from '../client/callers.ts';
import { BARE_QUEUE } from './shape.ts';

/** What a run of bare workflows is asked to be. */
export interface BareRun {
  readonly count: number;
  readonly callers: number;
  readonly workflow: string;
  readonly input: unknown;
}

/**
 * Starts bare workflows and waits for their results, in a process of its own as the product's API is:
 * `node client-main.ts <port>`, then `POST` a `BareRun` and get a `Load`.
 */
const connection = await Connection.connect({ address: process.env['TEMPORAL_ADDRESS'] });
const client = new Client({ connection });

await listen(async (req, res) => {
  const { count, callers, workflow, input } = JSON.parse((await readBody(req)) ?? '') as BareRun;
  const request = () =>
    client.workflow.execute(workflow, { args: [input], taskQueue: BARE_QUEUE, workflowId: `bare-${randomUUID()}` });
  sendJson(res, 200, await inTurn(count, callers, request));
}, Number(process.argv[2]));
for (const signal of ['SIGTERM', 'disconnect'] as const) process.once(signal, () => process.exit());
process.send?.({ type: 'ready' });
