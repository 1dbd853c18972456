import { z } from 'zod';
import { agentAmong, AgentId, CATEGORIES, Category } from '../../contracts/agents.ts';
import {
  PLAN_LIMITS,
  PlanDraft,
  STEP_KINDS,
  STEP_RISKS,
  StepKind,
  StepRisk,
  type PlanProblem,
} from '../../contracts/plan.ts';
import { jsonIn } from '../json.ts';

const ModelStep = z.object({
  id: z.string(),
  kind: StepKind,
  title: z.string(),
  instruction: z.string(),
  agent: AgentId.nullable(),
  category: Category.nullable(),
  tool: z.string().nullable(),
  needs: z.array(z.string()),
  when: z.string().nullable(),
  risk: StepRisk,
});

/** What the planner is asked to say: a flat list of steps, since structured output knows no recursion. */
const ModelPlan = z.object({ goal: z.string(), steps: z.array(ModelStep) });
type ModelPlan = z.infer<typeof ModelPlan>;

/** The JSON schema of `ModelPlan`, closed and without bounds, as structured output requires. */
export const planSchema = (agents: Iterable<AgentId>): Record<string, unknown> => {
  const step = ModelStep.extend({ agent: agentAmong(agents).nullable() });
  const { $schema: _, ...schema } = z.toJSONSchema(ModelPlan.extend({ steps: z.array(step) })) as Record<
    string,
    unknown
  >;
  return schema;
};

/** An empty string is how some models spell null. */
const orNull = (value: unknown): unknown => (value === undefined || value === '' ? null : value);
const loose = <T extends z.ZodType>(schema: T) => z.preprocess(orNull, schema);

/** The same plan as sloppy gateways send it: what may be left out is filled in, numbers may stand for ids. */
const loosePlan = (agents: readonly AgentId[]) =>
  z.object({
    goal: z.string().trim().min(1),
    steps: z
      .array(
        ModelStep.extend({
          id: z.coerce.string(),
          agent: loose(agentAmong(agents).nullable()),
          category: loose(Category.nullable()),
          tool: loose(z.string().nullable()),
          needs: z.preprocess((value) => value ?? [], z.array(z.coerce.string())),
          when: loose(z.string().nullable()),
          risk: z.preprocess((value) => orNull(value) ?? 'read', StepRisk),
        }),
      )
      .min(1),
  });

/**
 * The planner's words as a draft with ids as conditions can name them, or what is wrong with them in sentences it can
 * act on. A goal or title that is too long is cut, since it is only shown; anything else is left to its author.
 */
export function toPlanDraft(
  text: string,
  agents: readonly AgentId[],
): { draft: PlanDraft } | { problems: PlanProblem[] } {
  const answer = jsonIn(text);
  if (typeof answer !== 'object' || answer === null)
    return { problems: [problem(null, null, 'The answer is no JSON object with "goal" and "steps".')] };
  const loose = loosePlan(agents).safeParse(answer);
  if (!loose.success) return { problems: problemsOf(loose.error, answer, agents) };
  const spellings = loose.data.steps.map(({ id }) => id);
  const ids = idsFor(spellings);
  const alike = spellings.flatMap((spelling, i) => {
    const other = spellings.find((one, j) => j < i && one !== spelling && ids.all[j] === ids.all[i]);
    return other === undefined
      ? []
      : [problem(spelling, 'id', `“${other}” and “${spelling}” are one name as an id; name each differently.`)];
  });
  if (alike.length > 0) return { problems: alike };
  const draft = PlanDraft.safeParse({
    goal: cut(loose.data.goal, PLAN_LIMITS.goalChars),
    steps: loose.data.steps.map((step, i) => normalised(step, ids.all[i] ?? step.id, ids)),
  });
  return draft.success ? { draft: draft.data } : { problems: problemsOf(draft.error, answer, agents) };
}

type LooseStep = z.infer<ReturnType<typeof loosePlan>>['steps'][number];

const normalised = (step: LooseStep, id: string, ids: Renamed): LooseStep => ({
  ...step,
  id,
  title: cut(step.title.trim(), PLAN_LIMITS.titleChars),
  instruction: step.instruction.trim(),
  needs: [...new Set(step.needs.map(ids.idOf))],
  when: step.when === null ? null : conditionWithIds(step.when.trim(), ids),
});

const cut = (text: string, letters: number): string =>
  text.length <= letters ? text : `${text.slice(0, letters - 1).trimEnd()}…`.toWellFormed();

const problem = (step: string | null, field: string | null, message: string): PlanProblem => ({ step, field, message });

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  category: CATEGORIES,
  kind: STEP_KINDS,
  risk: STEP_RISKS,
};

const problemsOf = (error: z.ZodError, answer: object, agents: readonly AgentId[]): PlanProblem[] =>
  error.issues.map((issue) => {
    const [top, index, field] = issue.path;
    const isStep = top === 'steps' && typeof index === 'number';
    const name = String((isStep ? field : top) ?? '') || null;
    const among = field === 'agent' ? agents : CHOICES[String(field)];
    const choices = isStep && issue.path.length === 3 ? among : undefined;
    const message = choices ? `must be one of ${choices.join(', ')}` : lowerFirst(issue.message);
    return problem(isStep ? nameOf(answer, index) : null, name, `${name ?? 'The answer'}: ${message}.`);
  });

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** A step as its author called it, or by its place when it has no name. */
function nameOf(answer: object, index: number): string {
  const steps: unknown = Reflect.get(answer, 'steps');
  const step: unknown = Array.isArray(steps) ? steps[index] : undefined;
  const id: unknown = typeof step === 'object' && step !== null ? Reflect.get(step, 'id') : undefined;
  return typeof id === 'string' && id !== '' ? id.slice(0, 60) : `#${index + 1}`;
}

/** Ids as conditions can name them, in the order of the steps, and what each of the model's own spellings became. */
interface Renamed {
  readonly all: readonly string[];
  /** The new id of a spelling that a step has, else the same spelling made an id. */
  readonly idOf: (spelling: string) => string;
  readonly changed: ReadonlyMap<string, string>;
}

/** `Step-1` is `step_1` and `2` is `s_2`: models number and capitalise as they like. */
function idsFor(spellings: readonly string[]): Renamed {
  const all = spellings.map((spelling, i) => toId(spelling) || `step_${i + 1}`);
  const known = new Map(spellings.map((spelling, i) => [spelling, all[i] ?? spelling]));
  return {
    all,
    idOf: (spelling) => known.get(spelling) ?? (toId(spelling) || spelling),
    changed: new Map([...known].filter(([spelling, id]) => spelling !== id)),
  };
}

function toId(spelling: string): string {
  const plain = spelling
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+/, '');
  return (/^\d/.test(plain) ? `s_${plain}` : plain).slice(0, 40).replace(/_+$/, '');
}

/** `steps.Step-1.status` and `steps["Step-1"].status` with the step's new id; the longest spelling goes first. */
function conditionWithIds(condition: string, { changed }: Renamed): string {
  const spellings = [...changed.keys()].sort((a, b) => b.length - a.length);
  if (spellings.length === 0) return condition;
  const any = spellings.map((spelling) => spelling.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const named = new RegExp(`\\bsteps(?:\\.(${any})(?![\\w-])|\\[\\s*(["'])(${any})\\2\\s*\\])`, 'g');
  return condition.replace(
    named,
    (_, dotted?: string, _quote?: string, indexed?: string) => `steps.${changed.get(dotted ?? indexed ?? '')}`,
  );
}
