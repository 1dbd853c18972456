import type { Language } from '../../contracts/agents.ts';
import type { RoutingAccuracy, RoutingDecision, RoutingOverride } from '../../contracts/routing.ts';
import type { RoutingOverride as OverrideRow, DecisionCount, listDecisions } from '../../db/queries/routing.ts';
import type { Judgement } from './local-router.ts';

type DecisionRow = Awaited<ReturnType<typeof listDecisions>>[number];

/** A decision as admins read it; rows from before scores were kept say that nobody was asked. */
export const toDecision = ({ id, message, language, route, correction, created_at }: DecisionRow): RoutingDecision[] =>
  route
    ? [
        {
          jobId: id,
          message,
          language,
          agents: route.agents,
          mode: route.mode,
          category: route.category,
          decidedBy: route.decidedBy,
          confidence: route.confidence,
          scores: route.scores ?? { local: null, model: null },
          alternatives: route.alternatives,
          reason: route.reason,
          ...(correction && { overridden: correction }),
          createdAt: created_at.toISOString(),
        },
      ]
    : [];

export const toOverride = (row: OverrideRow): RoutingOverride => ({
  id: row.id,
  text: row.text,
  language: row.language,
  agents: row.agents,
  jobId: row.orchestration_id,
  userId: row.user_id,
  createdAt: row.created_at.toISOString(),
});

/** How good the decisions in one language were. */
export function toAccuracy(
  language: Language,
  counts: readonly DecisionCount[],
  judgements: readonly Judgement[],
): RoutingAccuracy {
  const mine = counts.filter((count) => count.language === language);
  const decisions = sumOf(mine.map((count) => count.decisions));
  const overridden = sumOf(mine.map((count) => count.overridden));
  const right = judgements.filter((judgement) => judgement === 'right').length;
  return {
    language,
    decisions,
    overridden,
    accuracy: shareOf(decisions - overridden, decisions),
    decidedBy: mine.map((count) => ({
      decidedBy: count.decidedBy,
      decisions: count.decisions,
      overridden: count.overridden,
      accuracy: (count.decisions - count.overridden) / count.decisions,
    })),
    leaveOneOut: {
      overrides: judgements.length,
      right,
      abstained: judgements.filter((judgement) => judgement === 'abstained').length,
      accuracy: shareOf(right, judgements.length),
    },
  };
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
const shareOf = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
