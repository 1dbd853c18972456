import type { OrchestrateRequest } from '../../contracts/orchestration.ts';
import type { RoutingDecision } from '../../contracts/routing.ts';
import { ORCHESTRATE, json } from './doors.ts';
import { eventually } from './eventually.ts';
import type { Nubabel } from './nubabel.ts';

export const ROUTING = '/api/admin/routing';

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

/** Routing decisions as an admin reads them. */
export const decisionsOf = async (ask: Ask, query = '?limit=200'): Promise<RoutingDecision[]> =>
  ((await (await ask(`${ROUTING}/decisions${query}`)).json()) as { decisions: RoutingDecision[] }).decisions;

/** Asks as an admin, waits for the decision and reads it. */
export async function decided(
  { request }: Pick<Nubabel, 'request'>,
  message: string,
  more: Partial<OrchestrateRequest> = {},
): Promise<RoutingDecision> {
  const answer = await request(ORCHESTRATE, json({ message, ...more }));
  const { jobId } = (await answer.json()) as { jobId: string };
  return eventually(`the decision about "${message}"`, async () =>
    (await decisionsOf(request)).find((one) => one.jobId === jobId),
  );
}
