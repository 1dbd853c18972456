import type { AnswerPolicy, ApprovalKind, ApprovalPolicy, ApprovalPolicyView } from '../../contracts/approval.ts';
import type { Category } from '../../contracts/agents.ts';
import type { PricedStep } from '../../contracts/plan.ts';
import type { Answerer } from '../../contracts/workflow.ts';
import { isUuid, type OrganizationTransaction, withOrganization } from '../../db/organization.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { rolesOf, getApprovalPolicy, setApprovalPolicy } from '../../db/queries/organizations.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';
import { audit } from '../audit.ts';
import type { DatabaseDeps } from '../deps.ts';

/** The operator's settings, which hold where an organization has decided nothing. */
export interface ApprovalRules {
  readonly thresholdCents: number;
  readonly timeoutMs: number;
}

/** What decides whether a human is asked before work begins. */
interface PlannedWork {
  readonly estimatedCents: number;
  readonly category: Category;
  /** The request says so. */
  readonly required: boolean;
  /** Of a planner's plan. */
  readonly steps?: readonly Pick<PricedStep, 'risk' | 'kind'>[];
}

/** Why a human has to be asked before the work, or undefined. Pure. */
export function reasonToAsk(
  { estimatedCents, category, required, steps }: PlannedWork,
  policy: ApprovalPolicy,
  rules: ApprovalRules,
): Extract<ApprovalKind, 'cost' | 'requested' | 'plan'> | undefined {
  const tooCostly = estimatedCents > (policy.costAboveCents ?? rules.thresholdCents);
  if (steps) {
    const risky = steps.some(({ risk }) => risk !== 'read' && policy.risks.includes(risk));
    const wanted = policy.plans === 'always' || (policy.plans === 'risky' && (risky || tooCostly)) || required;
    return wanted ? 'plan' : undefined;
  }
  if (tooCostly) return 'cost';
  return required || policy.categories.includes(category) ? 'requested' : undefined;
}

/** People whose role decides whether their delegate may answer. */
type Roles = ReadonlyMap<string, string>;

/** Who may answer a question that is asked now: the policy with its times made absolute and its delegates found. Pure. */
export function answerPolicy(
  { policy, version }: Pick<ApprovalPolicyView, 'policy' | 'version'>,
  rules: ApprovalRules,
  given: { askerId: string | null; roles: Roles; now: number },
): AnswerPolicy {
  const at = (ms: number) => new Date(given.now + ms).toISOString();
  const { escalation } = policy;
  const mayThemselves = (id: string) =>
    policy.users.includes(id) ||
    (policy.roles as readonly string[]).includes(given.roles.get(id) ?? '') ||
    (policy.asker && id === given.askerId);
  const delegates = policy.delegates.filter(({ userId }) => mayThemselves(userId));
  return {
    roles: policy.roles,
    asker: policy.asker && !policy.notAsker,
    thresholdCents: policy.costAboveCents ?? rules.thresholdCents,
    ...(policy.users.length > 0 && { users: policy.users }),
    ...(policy.notAsker && { notAsker: true }),
    ...(policy.quorum > 1 && { quorum: policy.quorum }),
    ...(policy.remindersMs.length > 0 && { reminders: policy.remindersMs.map(at) }),
    ...(escalation && { escalation: { at: at(escalation.afterMs), roles: escalation.roles, users: escalation.users } }),
    ...(delegates.length > 0 && { delegates }),
    ...(version > 0 && { version }),
  };
}

/** When nobody has answered a question that is asked now. */
export const expiryOf = (policy: ApprovalPolicy, rules: ApprovalRules, now: number): string =>
  new Date(now + (policy.deadlineMs ?? rules.timeoutMs)).toISOString();

export interface PolicyDeps {
  readonly approvalRules: ApprovalRules;
}

export interface CurrentPolicy extends ApprovalPolicyView {
  /** Ms since the epoch. */
  readonly at: number;
  /** Who may answer, as of then. */
  readonly answers: AnswerPolicy;
}

/** The organization's policy, and who may answer a question that is asked under it now. */
export async function currentPolicy(
  trx: OrganizationTransaction,
  { approvalRules: rules }: PolicyDeps,
  { askerId, now }: { askerId: string | null; now: number },
): Promise<CurrentPolicy> {
  const view = await getApprovalPolicy(trx);
  const { delegates } = view.policy;
  const roles = await rolesOf(
    trx,
    delegates.map(({ userId }) => userId),
  );
  return { ...view, at: now, answers: answerPolicy(view, rules, { askerId, roles, now }) };
}

/** When a human is asked, and who may answer. */
export const readApprovalPolicy = ({ db }: DatabaseDeps, { organizationId }: Principal): Promise<ApprovalPolicyView> =>
  withOrganization(db, organizationId, getApprovalPolicy);

/**
 * Sets the policy and writes down who did, in one transaction.
 * @throws RequestError 400 with the fields that name somebody unknown
 */
export const changeApprovalPolicy = (
  { db }: DatabaseDeps,
  by: Principal,
  policy: ApprovalPolicy,
): Promise<ApprovalPolicyView> =>
  withOrganization(db, by.organizationId, async (trx) => {
    const named = namedIn(policy);
    const known = await rolesOf(trx, named);
    const unknown = named.filter((id) => !known.has(id));
    if (unknown.length > 0)
      throw new RequestError(
        'invalid-request',
        `Nobody in this organization has the id ${unknown.join(', ')}.`,
        unknown.map((id) => ({ path: fieldOf(policy, id), message: `Nobody in this organization has the id ${id}.` })),
      );
    await setApprovalPolicy(trx, by.organizationId, policy);
    await audit(trx, by, 'approval-policy.set', by.organizationId, policy);
    return getApprovalPolicy(trx);
  });

/** Where a policy names a person. */
function fieldOf({ users, escalation }: ApprovalPolicy, id: string): string {
  if (users.includes(id)) return 'users';
  return escalation?.users.includes(id) ? 'escalation.users' : 'delegates';
}

const namedIn = ({ users, escalation, delegates }: ApprovalPolicy): string[] => [
  ...new Set([
    ...users,
    ...(escalation?.users ?? []),
    ...delegates.flatMap(({ userId, delegateId }) => [userId, delegateId]),
  ]),
];

/** These people as they may answer a question of a job now; whoever is not one of the organization is left out. */
export async function findAnswerers(
  trx: OrganizationTransaction,
  { user_id: askerId }: Pick<Orchestration, 'user_id'>,
  ids: readonly string[],
): Promise<Answerer[]> {
  const roles = await rolesOf(trx, ids.filter(isUuid));
  const { delegates } = (await getApprovalPolicy(trx)).policy;
  const standIns = new Set(
    delegates.flatMap(({ userId, delegateId, until }) =>
      userId === askerId && (until === undefined || Date.now() < Date.parse(until)) ? [delegateId] : [],
    ),
  );
  return [...roles].map(([userId, role]) => ({ userId, role, isAsker: userId === askerId || standIns.has(userId) }));
}
