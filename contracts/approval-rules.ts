import type { AnswerPolicy, Choice } from './approval.ts';
import type { Answerer } from './workflow.ts';

/**
 * Whether the policy lets a person answer now. Guests never count. A delegate may do what the one they stand for may;
 * where four eyes are wanted the person who asked stays shut out, and with them whoever stands for them. Pure, so that the API and the
 * workflow judge alike.
 */
export function mayAnswer(policy: AnswerPolicy, who: Answerer, now: number, choice?: Choice): boolean {
  if (who.role === 'guest' || (policy.notAsker && who.isAsker)) return false;
  if (choice && policy.adminChoices?.includes(choice)) return who.role === 'admin';
  return namesPerson(policy, who, now) || standsForOneNamed(policy, who, now);
}

function namesPerson(policy: AnswerPolicy, { userId, role, isAsker }: Answerer, now: number): boolean {
  if (policy.roles.includes(role) || policy.users?.includes(userId) || (policy.asker && isAsker)) return true;
  const { escalation } = policy;
  if (!escalation || now < Date.parse(escalation.at)) return false;
  return escalation.roles.includes(role) || escalation.users.includes(userId);
}

/** The list holds only those who stand for somebody named: it was drawn up with the question. */
const standsForOneNamed = (policy: AnswerPolicy, { userId }: Answerer, now: number): boolean =>
  (policy.delegates ?? []).some(
    ({ delegateId, until }) => delegateId === userId && (until === undefined || now < Date.parse(until)),
  );

/** Whether a tool hands work to a coding agent (`DELEGATE` in `tools.ts`), which may change anything and not only data. */
export const isDelegated = (tool: string): boolean => tool.startsWith('delegate__');
