import type { CancelRequest } from '../../contracts/approval.ts';
import { FAILURE } from '../../contracts/failures.ts';
import { ownValue } from '../../contracts/json.ts';
import type { PlanProblem } from '../../contracts/plan.ts';
import { invalidField, type Principal, RequestError } from '../../contracts/request.ts';
import type { Decision } from '../../contracts/workflow.ts';
import type { DatabaseDeps } from '../../db/organization.ts';
import { auditRefusal } from '../audit.ts';
import type { Entry } from '../inbox/dispatcher.ts';

/** From a thread it comes without a hash, and means what the thread shows. */
export type Answer = CancelRequest & { readonly verdict: Decision['verdict'] };

export const withoutHash = () =>
  invalidField('hash', 'is missing: read the job and send the approval.hash of what it shows; nothing was decided');

export const isCut = () =>
  new RequestError(
    'conflict',
    'Not all of this question fits into the thread. Read the whole of it in the console and decide there.',
    undefined,
    'cut',
  );

/** The plan's mistakes as the fields a person can mend. */
export const invalidEdits = (problems: readonly PlanProblem[]): RequestError =>
  new RequestError(
    'invalid-request',
    `The edited plan is not valid, and nothing was changed: ${problems[0]?.message ?? ''}`,
    problems.map(({ step, field, message }) => ({
      path: ['edits', ...(step ? ['steps', step] : []), ...(field ? [field] : [])].join('.'),
      message,
    })),
  );

/** What a person can do about a refusal of the workflow; others were not confirmed. */
const REFUSALS: Partial<Record<string, readonly ['forbidden' | 'conflict', string, RequestError['reason']?]>> = {
  [FAILURE.notAllowed]: [
    'forbidden',
    'The approval policy does not name you for this answer; the job shows whom it names.',
    'not_named',
  ],
  [FAILURE.noSuchChoice]: ['conflict', 'This question has no such choice. The job shows the choices it has.'],
  [FAILURE.alreadyApproved]: ['conflict', 'You have approved this already. Others have to approve it too.'],
  [FAILURE.approvalMismatch]: [
    'conflict',
    'What you answered is not what waits now. Read the job again and answer what it shows.',
    'other_question',
  ],
  [FAILURE.notWaiting]: [
    'conflict',
    'Nothing waits for approval any more: somebody was faster, or it expired.',
    'not_waiting',
  ],
};

/** Whether the workflow has said why an answer does not count; the server ends an update in words of its own. */
export const isKnownRefusal = (type: string | undefined): boolean => ownValue(REFUSALS, type ?? '') !== undefined;

export function toRefusal(type: string | undefined): RequestError {
  const [kind, message, reason] = ownValue(REFUSALS, type ?? '') ?? [
    'unavailable',
    'The decision could not be confirmed. Read the job again before you repeat it.',
  ];
  return new RequestError(kind, message, undefined, reason);
}

/** Writes down who has tried what, and says why it does not count. */
export const refuseAnswer = (
  deps: DatabaseDeps,
  principal: Principal,
  { jobId, answer, entry }: { jobId: string; answer: Answer; entry: Entry },
  refusal: RequestError,
): Promise<never> => {
  const { verdict, choice, approvalId, hash } = answer;
  return auditRefusal(deps, principal, ['approval.decide', jobId], refusal, {
    verdict,
    choice,
    via: entry.via,
    approvalId,
    hash,
  });
};
