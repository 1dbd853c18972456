import { randomBytes } from 'node:crypto';
import type { ConnectionView } from '../../contracts/connections.ts';
import type { EffectView } from '../../contracts/effects.ts';
import type { JobStatus } from '../../contracts/orchestration.ts';
import type { ToolCallView } from '../../contracts/tools.ts';
import { DEMO_JIRA_USER, type FakeJira } from '../fakes/jira/index.ts';
import { json } from './json.ts';
import type { Nubabel } from './nubabel.ts';

/** What a product needs so that its connections may point at fakes on this machine. */
export const toolEnv = (): Record<string, string> => ({
  EGRESS_ALLOW_PRIVATE: 'true',
  CREDENTIAL_KEYS: `k1:${randomBytes(32).toString('base64')}`,
});

type Asker = Pick<Nubabel, 'request'>;

/** Connects an organization as its admin does; fails with what the API said. */
export async function connect(nubabel: Asker, body: Record<string, unknown>): Promise<ConnectionView> {
  const answer = await nubabel.request('/api/connections', json(body));
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`${answer.status}: ${text}`);
  return JSON.parse(text) as ConnectionView;
}

/** Connects the demo user of a fake Jira for everybody. */
export const connectJira = (nubabel: Asker, { url }: Pick<FakeJira, 'url'>): Promise<ConnectionView> =>
  connect(nubabel, {
    provider: 'jira',
    name: 'Jira of Acme',
    url,
    auth: { kind: 'api_key', email: DEMO_JIRA_USER.email, apiKey: DEMO_JIRA_USER.token },
    settings: { project: 'OPS' },
  });

/** Calls one tool over REST. */
export async function callTool(nubabel: Asker, name: string, args: Record<string, unknown>, more: object = {}) {
  const answer = await nubabel.request(`/api/tools/${name}/call`, json({ arguments: args, ...more }));
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> & { jobId: string } };
}

export async function effectsOf(nubabel: Asker, jobId: string): Promise<EffectView[]> {
  const answer = await nubabel.request(`/api/jobs/${jobId}/effects`);
  return ((await answer.json()) as { effects: EffectView[] }).effects;
}

export async function callsOf(nubabel: Asker, jobId: string): Promise<ToolCallView[]> {
  const answer = await nubabel.request(`/api/jobs/${jobId}/tool-calls`);
  return ((await answer.json()) as { calls: ToolCallView[] }).calls;
}

/** Answers the question that waits, exactly as it is shown. */
export async function answer(
  nubabel: Asker,
  { jobId, approval }: JobStatus,
  more: { verdict?: 'approve' | 'cancel'; choice?: string } = {},
): Promise<number> {
  const { verdict = 'approve', choice } = more;
  const given = { approvalId: approval?.id, hash: approval?.hash, ...(choice && { choice }) };
  return (await nubabel.request(`/api/jobs/${jobId}/${verdict}`, json(given))).status;
}

export const waits = ({ status }: JobStatus): boolean => status === 'awaiting_approval';

/** Lets the organization's work be handed to coding agents, or not. */
export const setDelegation = async (nubabel: Asker, enabled: boolean): Promise<void> => {
  const answered = await nubabel.request('/api/admin/delegation', { ...json({ enabled }), method: 'PUT' });
  if (answered.status !== 200) throw new Error(`${answered.status}: ${await answered.text()}`);
};

/** The organization's policy; what is left out has its default. */
export const setPolicy = async (nubabel: Asker, policy: Record<string, unknown>): Promise<void> => {
  const answered = await nubabel.request('/api/admin/approval-policy', { ...json(policy), method: 'PUT' });
  if (answered.status !== 200) throw new Error(`${answered.status}: ${await answered.text()}`);
};
