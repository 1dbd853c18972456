import type { Accepted, JobStatus, OrchestrateRequest } from '../../../contracts/orchestration.ts';
import type { Stage } from '../stage/stage.ts';
import type { Tenant } from '../stage/tenant.ts';

/** Words that the local router is unsure of, so that the model's analysis decides: the longest way through the nubabel. */
export const UNCLEAR = 'Zorbling the quux of seven';

/** Words for three agents at once that no model is asked about: the usual way. */
export const CLEAR =
  'What should our logo look like? What should the newsletter say? What is our runway at the current burn?';

let asked = 0;

const headersOf = ({ token }: Tenant) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });

/** Asks for work; resolves with the job's id when it is durably accepted. */
export async function ask(stage: Stage, tenant: Tenant, request: Partial<OrchestrateRequest> = {}): Promise<string> {
  const answer = await fetch(`${stage.url}/api/orchestrator/orchestrate`, {
    method: 'POST',
    headers: headersOf(tenant),
    // New words each time: what the model has decided about the same ones before would be taken from the cache.
    body: JSON.stringify({ message: `${UNCLEAR} ${++asked}`, ...request }),
  });
  if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
  return ((await answer.json()) as Accepted).jobId;
}

/** Lets plans of this tenant run without a question. */
export async function neverAsk(stage: Stage, tenant: Tenant): Promise<void> {
  const answer = await fetch(`${stage.url}/api/admin/approval-policy`, {
    method: 'PUT',
    headers: headersOf(tenant),
    body: JSON.stringify({ plans: 'never', costAboveCents: 1_000_000 }),
  });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
}

/** Reads what a job waits for and approves it, as people do; resolves when the decision counts. */
export async function approve(stage: Stage, tenant: Tenant, jobId: string): Promise<void> {
  const shown = await fetch(`${stage.url}/api/jobs/${jobId}/status`, { headers: headersOf(tenant) });
  const { approval } = (await shown.json()) as JobStatus;
  const answer = await fetch(`${stage.url}/api/jobs/${jobId}/approve`, {
    method: 'POST',
    headers: headersOf(tenant),
    body: JSON.stringify({ hash: approval?.hash }),
  });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}
