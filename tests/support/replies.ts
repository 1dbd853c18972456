import type { ModelRequest, Reply, Responder } from '../../dev/fakes/model/index.ts';

/** Which part of the product asks: the analysis, the planner, the diagnosis, or an agent by its name. */
export function askerOf(request: ModelRequest): string {
  const asked = request.schema && Object.keys(request.schema['properties'] ?? {});
  if (asked?.includes('steps')) return 'planner';
  if (asked?.includes('rootCause')) return 'diagnosis';
  if (asked) return 'analysis';
  return /You are (\w+)/.exec(request.system)?.[1]?.toLowerCase() ?? 'unknown';
}

export interface AnalysisReply {
  readonly agents?: readonly { agent: string; relevance: number }[];
  readonly mode?: 'parallel' | 'sequential' | 'fallback';
  readonly language?: 'en' | 'ko';
  readonly category?: string;
  readonly intent?: string;
}

/** An analysis as the model gives it. */
export const analysisReply = ({ agents, ...rest }: AnalysisReply = {}) => ({
  json: {
    intent: 'content',
    entities: [],
    category: 'quick',
    skills: [],
    confidence: 0.9,
    language: 'en',
    agents: agents ?? [{ agent: 'general', relevance: 1 }],
    mode: 'parallel',
    ...rest,
  },
});

export interface PlanStepReply {
  readonly id: string;
  readonly agent?: string | null;
  readonly kind?: 'agent' | 'task' | 'approval' | 'tool';
  readonly needs?: readonly string[];
  readonly when?: string | null;
  readonly risk?: 'read' | 'write' | 'production';
  readonly title?: string;
  readonly instruction?: string;
  readonly category?: string | null;
  readonly tool?: string | null;
}

/** A plan as the planner gives it. */
export const planReply = (steps: readonly PlanStepReply[], goal = 'Ship the fixed release') => ({
  json: {
    goal,
    steps: steps.map(({ id, kind = 'agent', agent = kind === 'agent' ? 'engineering' : null, ...rest }) => ({
      id,
      kind,
      agent,
      title: `Do the part ${id}`,
      instruction: `Work out ${id} from what is known and write down the result.`,
      category: kind === 'task' ? 'quick' : null,
      tool: null,
      needs: [],
      when: null,
      risk: 'read',
      ...rest,
    })),
  },
});

/** A model that wants one tool called; the fake names the call. */
export const toolCall = (name: string, input: Readonly<Record<string, unknown>> = {}) => ({
  calls: [{ name, input }],
});

const ORDER = /CALL ([A-Za-z0-9_-]{1,64}) (\{.*\})/g;

/**
 * A model that obeys every order it reads, `CALL <tool> <JSON of its arguments>`, whoever wrote it and whether the tool
 * was offered or not: what it may not do has to be prevented by the system. Each order is obeyed once.
 */
export const obedient: Responder = (request) => {
  const asker = askerOf(request);
  if (asker === 'analysis') return analysisReply();
  const read = [request.userText, ...request.allToolResults.map(({ text }) => text)].join('\n');
  const done = new Set(request.messages.flatMap(({ calls }) => calls).map((call) => orderOf(call)));
  const calls = [...read.matchAll(ORDER)]
    .map(([, name = '', input = '{}']) => ({ name, input: JSON.parse(input) as Record<string, unknown> }))
    .filter((call) => !done.has(orderOf(call)) && done.add(orderOf(call)));
  return calls.length > 0 ? { calls } : { text: `${asker} has obeyed ${done.size} orders.\nCONFIDENCE: 0.8` };
};

const orderOf = ({ name, input }: { name: string; input: unknown }): string => `${name} ${JSON.stringify(input)}`;

/** A model that plans as told and lets every agent say which step it has done. */
export const plannedBy =
  (steps: readonly PlanStepReply[], agent?: (step: string, request: ModelRequest) => Reply): Responder =>
  (request) => {
    const asker = askerOf(request);
    if (asker === 'analysis') return analysisReply();
    if (asker === 'planner') return planReply(steps);
    const step = /Do the part (\w+)/.exec(request.userText)?.[1] ?? asker;
    return agent?.(step, request) ?? { text: `The part ${step} is done.\nCONFIDENCE: 0.8` };
  };

/** A model that analyses as told and lets every agent say its own name. */
export const specialist =
  (analysis: AnalysisReply = {}): Responder =>
  (request) => {
    const asker = askerOf(request);
    return asker === 'analysis' ? analysisReply(analysis) : { text: `${asker} has answered.\nCONFIDENCE: 0.8` };
  };

/** What a step's agent does at a turn; undefined when it has nothing more to do. */
export type StepReply = (request: ModelRequest) => Reply | undefined;

/** Calls a tool once. */
export const once =
  (name: string, input: Record<string, unknown>): StepReply =>
  (request) =>
    request.allToolResults.length === 0 ? toolCall(name, input) : undefined;

/** The step, told in so many words what its call says. */
export const told = (step: PlanStepReply, ...values: string[]): PlanStepReply => ({
  ...step,
  instruction: `Call it with ${values.map((value) => `“${value}”`).join(' and ')}.`,
});
