import type { ApprovalPolicyView } from '../../contracts/approval.ts';
import type { JobStatus, OrchestrateRequest } from '../../contracts/orchestration.ts';
import { json, ORCHESTRATE } from './doors.ts';
import { eventually } from './eventually.ts';
import type { Nubabel } from './nubabel.ts';
import type { Person } from './people.ts';

/** Whoever asks the API: the developer's nubabel, or a person of their own. */
type Caller = Pick<Person, 'request'>;

const POLICY = '/api/admin/approval-policy';

/** Sets the organization's approval policy; what is left out gets its default. */
export const putPolicy = ({ request }: Caller, policy: unknown): Promise<Response> =>
  request(POLICY, { ...json(policy), method: 'PUT' });

/** The policy in force. */
export const policyOf = async ({ request }: Caller): Promise<ApprovalPolicyView> =>
  (await (await request(POLICY)).json()) as ApprovalPolicyView;

/** What a person answers to a job; a yes without a hash is to what the job shows now. */
export const answer = async (
  caller: Caller,
  jobId: string,
  verb: 'approve' | 'cancel' | 'steer',
  body: object = {},
): Promise<Response> =>
  verb === 'approve' ? approveShown(caller, jobId, body) : caller.request(`/api/jobs/${jobId}/${verb}`, json(body));

/** Approves what the job shows now, as whoever looks at it does. */
export async function approveShown({ request }: Caller, jobId: string, body: object = {}): Promise<Response> {
  const { approval } = (await (await request(`/api/jobs/${jobId}/status`)).json()) as Partial<JobStatus>;
  return request(`/api/jobs/${jobId}/approve`, json({ hash: approval?.hash ?? 'none', ...body }));
}

/** A request in this person's name. */
export async function askBy({ request }: Caller, message: string, more: Partial<OrchestrateRequest> = {}) {
  const accepted = await request(ORCHESTRATE, json({ message, ...more }));
  return ((await accepted.json()) as { jobId: string }).jobId;
}

/** The job once it waits for an answer. */
export const waits = (nubabel: Nubabel, jobId: string, kind?: string): Promise<JobStatus> =>
  nubabel.jobWhen(
    jobId,
    ({ status, approval }) =>
      status === 'awaiting_approval' && !approval?.decision && (!kind || approval?.kind === kind),
  );

type AuditLine = {
  readonly action: string;
  readonly outcome: string;
  readonly user_id: string | null;
  readonly details: Record<string, unknown>;
};

/** What was written down about a job or an organization, oldest first. */
export const auditOf = (nubabel: Nubabel, subject: string): Promise<AuditLine[]> =>
  nubabel.database.look<AuditLine>(
    'select action, outcome, user_id, details from audit where subject = $1 order by at',
    [subject],
  );

/** The newest job of a Slack thread. */
export const jobIn = (nubabel: Nubabel, thread: string): Promise<string> =>
  eventually('the job of the thread', async () => {
    const [row] = await nubabel.database.look<{ id: string }>(
      'select id from orchestrations where slack_thread_ts = $1 order by created_at limit 1',
      [thread],
    );
    return row?.id;
  });
