import { ApplicationFailure } from '@temporalio/common';
import { heartbeating } from '../../../activities/heartbeating.ts';
import type { Activities } from '../../../activities/index.ts';
import type { AgentId } from '../../../contracts/agents.ts';
import type { FailureType } from '../../../contracts/failures.ts';
import type { FinalStatus } from '../../../contracts/orchestration.ts';
import type { Decision, Ending, RoutedWork } from '../../../contracts/workflow.ts';

export interface Call {
  readonly name: string;
  readonly agent?: AgentId;
  readonly withEarlierAnswers?: boolean;
  readonly ending?: Ending;
  readonly decision?: Decision;
}

/** What happens in one orchestration; whatever is left out goes well. */
export interface Scene {
  readonly agents?: readonly AgentId[];
  readonly mode?: RoutedWork['mode'];
  readonly maxExecutionMs?: number;
  readonly approval?: RoutedWork['approval'];
  readonly analyze?: (signal: AbortSignal) => Promise<void>;
  readonly agent?: (agent: AgentId, signal: AbortSignal) => Promise<void>;
  readonly finish?: () => Promise<void>;
  /** One report to Slack; may throw. */
  readonly report?: (nth: number, isFinal: boolean) => Promise<void>;
}

export const QUESTION: NonNullable<RoutedWork['approval']> = {
  id: 'approval-1',
  hash: 'hash-1',
  timeoutMs: 60_000,
  policy: { roles: ['admin'], asker: true, thresholdCents: 100 },
};

export const decision = (changes: Partial<Decision> = {}): Decision => ({
  verdict: 'approve',
  userId: 'u1',
  role: 'admin',
  isAsker: false,
  via: 'rest',
  approvalId: QUESTION.id,
  hash: QUESTION.hash,
  ...changes,
});

/** A business failure that no retry mends. */
export const failure = (type: FailureType, ...details: unknown[]) =>
  ApplicationFailure.nonRetryable(`It said ${type}.`, type, ...details);

/** Waits until the activity is cancelled, as a model call does. */
export const untilCancelled = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

const OUTCOME: Readonly<Record<Ending['kind'], FinalStatus>> = {
  worked: 'completed',
  cancelled: 'cancelled',
  expired: 'expired',
  failed: 'failed',
  stopped: 'partial',
  planned: 'completed',
};

/** Activities that play scenes and keep score. */
export function createActors() {
  const open = new Map<string, { scene: Scene; calls: Call[]; reports: number; final: boolean }>();
  const of = (orchestrationId: string) => {
    const found = open.get(orchestrationId);
    if (!found) throw new Error(`Nobody plays ${orchestrationId}.`);
    return found;
  };
  const activities: Activities = {
    model: {
      analyzeRequest: ({ orchestrationId }) => {
        const { scene, calls } = of(orchestrationId);
        calls.push({ name: 'analyzeRequest' });
        return heartbeating((signal) => scene.analyze?.(signal) ?? Promise.resolve());
      },
      runAgent: ({ orchestrationId, agent, withEarlierAnswers }) => {
        const { scene, calls } = of(orchestrationId);
        calls.push({ name: 'runAgent', agent, withEarlierAnswers });
        return heartbeating((signal) => scene.agent?.(agent, signal) ?? Promise.resolve());
      },
    },
    store: {
      routeRequest: async ({ orchestrationId }) => {
        const { scene, calls } = of(orchestrationId);
        calls.push({ name: 'routeRequest' });
        return {
          agents: (scene.agents ?? ['brand']).map((agent) => ({ agent, relevance: 1 })),
          mode: scene.mode ?? 'parallel',
          category: 'quick',
          maxExecutionMs: scene.maxExecutionMs ?? 60_000,
          ...(scene.approval && { approval: scene.approval }),
        };
      },
      recordApproval: async ({ orchestrationId, decision: given }) => {
        of(orchestrationId).calls.push({ name: 'recordApproval', decision: given });
      },
      finishOrchestration: async ({ orchestrationId, ending }) => {
        const played = of(orchestrationId);
        played.calls.push({ name: 'finishOrchestration', ending });
        await played.scene.finish?.();
        played.final = true;
        return { status: OUTCOME[ending.kind] };
      },
    },
    slack: {
      reportToSlack: async ({ orchestrationId }) => {
        const played = of(orchestrationId);
        const { final } = played;
        played.calls.push({ name: 'reportToSlack' });
        await played.scene.report?.(++played.reports, final);
        return { final };
      },
    },
  };
  return {
    activities,
    open(orchestrationId: string, scene: Scene) {
      const played = { scene, calls: [] as Call[], reports: 0, final: false };
      open.set(orchestrationId, played);
      return played;
    },
  };
}
