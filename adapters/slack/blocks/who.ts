import type { AnswerPolicy, Approval } from '../../../contracts/approval.ts';
import type { Texts } from '../../../contracts/texts.ts';
import { clock } from './pieces.ts';

/** Who may answer, how many of them have, and until when. */
export function answerersLine({ policy, approvals = [], expiresAt }: Approval, texts: Texts): string {
  const { plan } = texts;
  const { quorum = 1, escalation, adminChoices = [] } = policy;
  const escalated = escalation && namesOf(escalation, texts);
  const parts = [
    plan.who(namesOf(policy, texts)),
    ...(policy.notAsker ? [plan.notAsker] : []),
    ...(adminChoices.length ? [plan.onlyAdmin(adminChoices.map((choice) => texts.choices[choice]).join(', '))] : []),
    ...(escalated?.length ? [plan.later(clock(escalation?.at ?? ''), escalated)] : []),
    ...(quorum > 1 ? [`*${plan.quorum(approvals.length, quorum)}*`] : []),
    `${texts.until} ${clock(expiresAt)}`,
  ];
  return parts.join(' · ');
}

function namesOf(
  { asker, notAsker, roles, users = [], delegates = [] }: Partial<AnswerPolicy>,
  { plan: { people } }: Texts,
): string[] {
  const ofRole = (role: string) => (role === 'admin' || role === 'user' ? people[role] : role);
  return [
    ...(asker && !notAsker ? [people.asker] : []),
    ...(roles ?? []).map(ofRole),
    ...(users.length ? [people.named(users.length)] : []),
    ...(delegates.length ? [people.delegates(delegates.length)] : []),
  ];
}
