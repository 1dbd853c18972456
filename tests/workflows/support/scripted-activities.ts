import { heartbeating } from '../../../activities/heartbeating.ts';
import type { Activities } from '../../../activities/index.ts';
import type { DraftTarget } from '../../../domain/planning/draft-plan.ts';
import type { AgentId } from '../../../contracts/agents.ts';
import { QUEUE } from '../../../contracts/queues.ts';
import type { FinalStatus } from '../../../contracts/orchestration.ts';
import { decision, failure, midwayQuestion, QUESTION, type ScriptedDecision } from './scripted-answers.ts';
import type {
  Answerer,
  CallOutcome,
  CallOutline,
  Decision,
  Ending,
  Healing,
  PlannedWork,
  Question,
  RevisedPlan,
  RoutedWork,
  StepRound,
} from '../../../contracts/workflow.ts';

export { decision, failure, QUESTION, type ScriptedDecision };

export interface Call {
  readonly name: string;
  readonly agent?: AgentId;
  readonly withEarlierAnswers?: boolean;
  readonly ending?: Ending;
  readonly decision?: Decision;
  readonly step?: string;
  readonly attempt?: number;
  readonly steering?: readonly string[];
  readonly kind?: string;
  readonly partial?: boolean;
  /** Of a draft: what the planner was told. */
  readonly draft?: Pick<DraftTarget, 'revision' | 'why' | 'constraints' | 'repairs' | 'failures'>;
  readonly code?: string;
  readonly tier?: string;
  readonly evidence?: readonly string[];
  readonly refused?: unknown;
  readonly approvalId?: string;
  /** What became of a question without an answer. */
  readonly verdict?: string;
  readonly nth?: number;
  readonly escalates?: boolean;
  readonly round?: number;
  readonly last?: boolean;
  readonly ids?: readonly string[];
  readonly as?: string;
}

/** What happens in one orchestration; whatever is left out goes well. */
export interface Script {
  readonly agents?: readonly AgentId[];
  readonly mode?: RoutedWork['mode'];
  readonly maxExecutionMs?: number;
  readonly approval?: RoutedWork['approval'];
  readonly analyze?: (signal: AbortSignal) => Promise<void>;
  readonly agent?: (
    agent: AgentId,
    signal: AbortSignal,
    step: string,
    attempt: number,
    round?: number,
  ) => Promise<StepRound | undefined | void>;
  /** What becomes of a call of a tool; `nth` counts its tries. */
  readonly tool?: (call: string, nth: number, signal: AbortSignal) => CallOutcome | Promise<CallOutcome>;
  /** The call of a job that is nothing but one. */
  readonly toolJob?: readonly CallOutline[];
  readonly undoable?: readonly string[];
  readonly undo?: (key: string, signal: AbortSignal) => Promise<void>;
  readonly planning?: boolean;
  readonly dryRun?: boolean;
  /** What becomes of each draft, in order; the last one again and again. */
  readonly drafts?: readonly PlannedWork[];
  readonly draft?: (nth: number, signal: AbortSignal) => Promise<void>;
  readonly revise?: (decision: Decision) => RevisedPlan | Promise<RevisedPlan>;
  /** How the question about working without a plan differs from the usual one. */
  readonly offer?: Partial<Question>;
  /** How a question in the midst of the work differs from the usual one. */
  readonly question?: Partial<Question>;
  /** Holds the look-up of who answers. */
  readonly judging?: (given: Decision) => Promise<void>;
  /** People who have no rights any more. */
  readonly gone?: () => readonly string[];
  /** Messages to the work that nobody has said. */
  readonly forged?: readonly string[];
  /** The look-up of a message to the work takes its time. */
  readonly lookUp?: (id: string) => Promise<void>;
  /** One reminder; may throw. */
  readonly remind?: () => Promise<void>;
  /** What heals a failure; nothing unless told. */
  readonly heal?: (step: string, attempt: number, signal: AbortSignal) => Healing | Promise<Healing>;
  readonly condition?: (step: string) => 'yes' | 'no' | 'broken';
  readonly finish?: () => Promise<void>;
  /** One report to Slack; may throw. */
  readonly report?: (nth: number, isFinal: boolean) => Promise<void>;
}

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

const routed = (script: Script, approval: Question | undefined): RoutedWork => ({
  agents: (script.agents ?? ['brand']).map((agent) => ({ agent, relevance: 1 })),
  mode: script.mode ?? 'parallel',
  category: 'quick',
  searchable: 'with_status',
  maxExecutionMs: script.maxExecutionMs ?? 60_000,
  ...(approval && { approval }),
  ...(script.planning && { planning: true }),
  ...(script.dryRun && { dryRun: true }),
});

interface Progress {
  readonly script: Script;
  readonly calls: Call[];
  readonly people: Map<string, Answerer>;
  reports: number;
  final: boolean;
}

/** Activities that follow scripts and keep score. */
export function createScriptedActivities() {
  const byId = new Map<string, Progress>();
  const of = (orchestrationId: string) => {
    const found = byId.get(orchestrationId);
    if (!found) throw new Error(`There is no script for ${orchestrationId}.`);
    return found;
  };
  const activities: Activities = {
    model: {
      analyzeRequest: ({ orchestrationId }) => {
        const { script, calls } = of(orchestrationId);
        calls.push({ name: 'analyzeRequest' });
        return heartbeating(({ signal }) => script.analyze?.(signal) ?? Promise.resolve());
      },
      runAgent: ({ orchestrationId, agent, step = agent, attempt = 0, round, last, ...input }) => {
        const { script, calls } = of(orchestrationId);
        const { withEarlierAnswers, steering, tier } = input;
        const more = { ...(tier && { tier }), ...(round && { round }), ...(last && { last }) };
        calls.push({ name: 'runAgent', agent, withEarlierAnswers, step, attempt, steering, ...more });
        return heartbeating(
          async ({ signal }) => (await script.agent?.(agent, signal, step, attempt, round ?? 1)) ?? undefined,
        );
      },
      draftPlan: ({ orchestrationId, revision, why, constraints, repairs, failures }) => {
        const { script, calls } = of(orchestrationId);
        calls.push({ name: 'draftPlan', draft: { revision, why, constraints, repairs, failures } });
        const nth = calls.filter(({ name }) => name === 'draftPlan').length;
        return heartbeating(({ signal }) => script.draft?.(nth, signal) ?? Promise.resolve());
      },
      healStep: ({ orchestrationId, step, attempt, code }) => {
        const { script, calls } = of(orchestrationId);
        calls.push({ name: 'healStep', step, attempt, code });
        return heartbeating(async ({ signal }) => (await script.heal?.(step, attempt, signal)) ?? { action: 'stop' });
      },
    },
    store: {
      routeRequest: async ({ orchestrationId }) => {
        const { script, calls } = of(orchestrationId);
        calls.push({ name: 'routeRequest' });
        return routed(script, script.approval);
      },
      recordDecision: async ({ orchestrationId, decision: given, partial }) => {
        of(orchestrationId).calls.push({ name: 'recordDecision', decision: given, ...(partial && { partial }) });
      },
      judgeDecision: async ({ orchestrationId, decision: given, others }) => {
        const { userId, role, isAsker, isForged } = given as ScriptedDecision;
        const { people, script } = of(orchestrationId);
        await script.judging?.(given);
        people.set(userId, { userId, role, isAsker });
        const gone = script.gone?.() ?? [];
        const found = [userId, ...others].flatMap((id) => people.get(id) ?? []);
        return { isAccepted: isForged !== true, people: found.filter((one) => !gone.includes(one.userId)) };
      },
      recordRefusal: async ({ orchestrationId, userId, details }) => {
        const reason = String(details['reason']);
        of(orchestrationId).calls.push({ name: 'recordRefusal', ids: [userId], as: reason });
      },
      isSteeringAccepted: async ({ orchestrationId, message: { id } }) => {
        const { script, calls } = of(orchestrationId);
        calls.push({ name: 'isSteeringAccepted', ids: [id] });
        await script.lookUp?.(id);
        return !(script.forged ?? []).includes(id);
      },
      revisePlan: async ({ orchestrationId, decision: given }) => {
        const { script, calls } = of(orchestrationId);
        calls.push({ name: 'revisePlan', decision: given });
        return script.revise?.(given) ?? { verdict: 'rejected', problems: [] };
      },
      adoptPlan: async ({ orchestrationId }) => {
        const { script, calls } = of(orchestrationId);
        const nth = calls.filter(({ name }) => name === 'adoptPlan').length;
        calls.push({ name: 'adoptPlan' });
        return script.drafts?.[nth] ?? script.drafts?.at(-1) ?? { verdict: 'rejected' };
      },
      proposeWithoutPlan: async ({ orchestrationId }) => {
        const { script, calls } = of(orchestrationId);
        calls.push({ name: 'proposeWithoutPlan' });
        return routed(script, { ...QUESTION, ...script.offer });
      },
      askHuman: async ({ orchestrationId, kind, step, nth, evidence, refused, calls: ids }) => {
        const { script, calls } = of(orchestrationId);
        const more = { ...(step && { step }), ...(evidence && { evidence }), ...(ids && { ids }) };
        calls.push({ name: 'askHuman', kind, nth, ...more, refused });
        return { ...midwayQuestion(kind, nth), ...script.question };
      },
      closeQuestion: async ({ orchestrationId, approvalId, verdict }) => {
        of(orchestrationId).calls.push({ name: 'closeQuestion', approvalId, verdict });
      },
      evaluateStepCondition: async ({ orchestrationId, step }) => {
        const { script, calls } = of(orchestrationId);
        calls.push({ name: 'evaluateStepCondition', step });
        return { verdict: script.condition?.(step) ?? 'yes' };
      },
      completeApprovalStep: async ({ orchestrationId, step }) => {
        of(orchestrationId).calls.push({ name: 'completeApprovalStep', step });
      },
      closeStep: async () => {},
      addFollowUpStep: async ({ orchestrationId, nth }) => {
        const { script, calls } = of(orchestrationId);
        calls.push({ name: 'addFollowUpStep' });
        const agent = script.agents?.[0] ?? 'brand';
        return { id: `followup_${nth}`, kind: 'agent', agent, needs: [], runs: 'after_all', conditional: false };
      },
      prepareToolJob: async ({ orchestrationId }) => ({ calls: [...(of(orchestrationId).script.toolJob ?? [])] }),
      closeCalls: async ({ orchestrationId, calls: ids, as }) => {
        of(orchestrationId).calls.push({ name: 'closeCalls', ids, as });
        return { unknown: [] };
      },
      settleUnknownEffect: async ({ orchestrationId, call, verdict }) => {
        of(orchestrationId).calls.push({ name: 'settleUnknownEffect', ids: [call], verdict });
      },
      listUndoableEffects: async ({ orchestrationId }) => ({
        effects: (of(orchestrationId).script.undoable ?? []).map((key) => ({ key, queue: QUEUE.orchestration })),
      }),
      finishUndo: async ({ orchestrationId }) => {
        const { calls, script } = of(orchestrationId);
        calls.push({ name: 'finishUndo' });
        return { done: script.undoable?.length ?? 0, total: script.undoable?.length ?? 0 };
      },
      finishOrchestration: async ({ orchestrationId, ending }) => {
        const progress = of(orchestrationId);
        progress.calls.push({ name: 'finishOrchestration', ending });
        await progress.script.finish?.();
        progress.final = true;
        return { status: OUTCOME[ending.kind] };
      },
    },
    tools: {
      callTool: ({ orchestrationId, call }) => {
        const { script, calls } = of(orchestrationId);
        calls.push({ name: 'callTool', ids: [call] });
        const nth = calls.filter(({ name, ids }) => name === 'callTool' && ids?.[0] === call).length;
        return heartbeating(async ({ signal }) => (await script.tool?.(call, nth, signal)) ?? { status: 'done' });
      },
      undoEffect: ({ orchestrationId, key }) => {
        const { script, calls } = of(orchestrationId);
        calls.push({ name: 'undoEffect', ids: [key] });
        return heartbeating(async ({ signal }) => ({ undone: (await script.undo?.(key, signal)) ?? true }));
      },
    },
    slack: {
      reportToSlack: async ({ orchestrationId }) => {
        const progress = of(orchestrationId);
        const { final } = progress;
        progress.calls.push({ name: 'reportToSlack' });
        await progress.script.report?.(++progress.reports, final);
        return { final };
      },
      readThread: async ({ orchestrationId }) => void of(orchestrationId).calls.push({ name: 'readThread' }),
      remindApprovers: async ({ orchestrationId, approvalId, nth, escalates }) => {
        const { script, calls } = of(orchestrationId);
        calls.push({ name: 'remindApprovers', approvalId, nth, escalates });
        await script.remind?.();
      },
    },
  };
  return {
    activities,
    follow(orchestrationId: string, script: Script) {
      const progress: Progress = { script, calls: [], reports: 0, final: false, people: new Map() };
      byId.set(orchestrationId, progress);
      return progress;
    },
  };
}
