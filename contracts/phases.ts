import type { AgentId } from './agents.ts';
import type { StepStatus } from './plan.ts';
import { errorSentence } from './texts.ts';

/** How people know an agent: its id in words, `customer-success` is Customer Success. Korean keeps it, as teams do. */
export const agentName = (id: AgentId): string =>
  id.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => (dash && ' ') + letter.toUpperCase());

/** What people call a step: its title in a plan, otherwise the agent that does it. */
export const stepName = ({
  title,
  agent,
  id,
}: {
  readonly title: string;
  readonly agent: AgentId | null;
  readonly id: string;
}): string => title || (agent ? agentName(agent) : id);

/** The steps that stand at the same depth of a plan, and how far they are together. */
export interface Phase<T> {
  /** From 1, without gaps. */
  readonly nth: number;
  readonly total: number;
  readonly percent: number;
  readonly steps: readonly T[];
}

/** What a step adds to its phase: one that runs counts half, so that a phase of one step moves at all. */
const SHARE: Readonly<Record<StepStatus, number>> = {
  pending: 0,
  waiting: 0,
  running: 0.5,
  done: 1,
  failed: 1,
  skipped: 1,
};

/** Left out because the work ended before, not because it was not needed: its code, or the sentence of it. */
const CUT_OFF: ReadonlySet<string | null | undefined> = new Set([
  null,
  undefined,
  'stopped',
  'not_approved',
  ...(['en', 'ko'] as const).flatMap((language) => [
    errorSentence('stopped', language),
    errorSentence('not_approved', language),
  ]),
]);

interface PhaseStep {
  readonly phase: number;
  readonly status?: StepStatus;
  readonly reason?: string | null;
}

const shareOf = ({ status, reason }: PhaseStep): number =>
  !status || (status === 'skipped' && CUT_OFF.has(reason)) ? 0 : SHARE[status];

/** Steps by phase in order; a step that has no status yet has not begun. Pure. */
export function toPhases<T extends PhaseStep>(steps: readonly T[]): Phase<T>[] {
  const depths = [...new Set(steps.map(({ phase }) => phase))].sort((a, b) => a - b);
  return depths.map((depth, index) => {
    const own = steps.filter(({ phase }) => phase === depth);
    const share = own.reduce((sum, step) => sum + shareOf(step), 0) / own.length;
    return { nth: index + 1, total: depths.length, percent: Math.round(share * 100), steps: own };
  });
}
