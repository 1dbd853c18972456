import { createHash } from 'node:crypto';
import { nanosToCents } from '../../contracts/money.ts';
import type { Approval } from '../../contracts/approval.ts';
import type { Route } from '../../contracts/orchestration.ts';
import type { Estimate } from './estimate.ts';

export interface ApprovalRules {
  readonly thresholdCents: number;
  readonly timeoutMs: number;
}

/**
 * The question that has to be answered before the work, or undefined when none is needed. Its hash covers everything
 * a person sees, so an answer can only mean what was shown.
 */
export function approvalFor(
  given: {
    orchestrationId: string;
    message: string;
    route: Route;
    estimate: Estimate;
    required: boolean;
    question: string;
  },
  rules: ApprovalRules,
): Approval | undefined {
  const estimatedCents = nanosToCents(given.estimate.usualNanos);
  const tooCostly = estimatedCents > rules.thresholdCents;
  if (!tooCostly && !given.required) return undefined;
  const shown = {
    kind: tooCostly ? ('cost' as const) : ('requested' as const),
    expiresAt: new Date(Date.now() + rules.timeoutMs).toISOString(),
    policy: { roles: ['admin'], asker: true, thresholdCents: rules.thresholdCents },
    plan: {
      agents: given.route.agents,
      mode: given.route.mode,
      estimatedCents,
      worstCaseCents: nanosToCents(given.estimate.worstNanos),
      question: given.question,
    },
  };
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  const hash = digest(JSON.stringify([given.orchestrationId, given.message, shown]));
  return { id: `approval-${digest(`${given.orchestrationId}:1`).slice(0, 24)}`, hash, ...shown };
}
