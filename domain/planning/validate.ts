import { PLAN_LIMITS, type PlanDraft, type PlanProblem, type PlanStep } from '../../contracts/plan.ts';
import { checkCondition } from './conditions.ts';
import { circleIn, needsBehind, phasesOf } from './graph.ts';

/** What a plan can rely on. */
export interface PlanWorld {
  readonly agents: ReadonlySet<string>;
  readonly tools: ReadonlySet<string>;
  /** Steps that an earlier revision has done: they may be needed, but not planned again. */
  readonly finished?: ReadonlySet<string>;
  /** What was asked for: words that stand in it are no leftovers. */
  readonly request?: string;
}

type Issue = readonly [field: string, message: string];
interface ValidationContext {
  readonly steps: readonly PlanStep[];
  readonly world: PlanWorld;
  readonly needed: ReadonlySet<string>;
}

/** Everything that is wrong with a plan, at once and in the order of its steps; empty when it may run. */
export function validatePlan(draft: PlanDraft, world: PlanWorld): PlanProblem[] {
  const { steps } = draft;
  const context: ValidationContext = { steps, world, needed: new Set(steps.flatMap(({ needs }) => needs)) };
  return [
    ...problemsOfPlan(draft, world),
    ...steps.flatMap((step, i) => {
      const found = [
        ...issuesOfTexts(step, i, context),
        ...issuesOfWorker(step, context),
        ...issuesOfNeeds(step, context),
      ];
      return found.map(([field, message]) => ({ step: step.id, field, message }));
    }),
  ];
}

function problemsOfPlan({ goal, steps }: PlanDraft, { finished, request }: PlanWorld): PlanProblem[] {
  const about = (field: string, message: string): PlanProblem => ({ step: null, field, message });
  const circle = circleIn(steps);
  const depth = Math.max(0, ...phasesOf(steps, finished).values());
  return [
    isPlaceholder(goal, request) && about('goal', 'The goal is a placeholder; say what will be achieved.'),
    goal.length > PLAN_LIMITS.goalChars &&
      about('goal', `The goal is longer than ${PLAN_LIMITS.goalChars} characters.`),
    steps.length === 0 && about('steps', 'The plan has no steps.'),
    steps.length > PLAN_LIMITS.steps &&
      about('steps', `The plan has ${steps.length} steps; at most ${PLAN_LIMITS.steps} are allowed.`),
    circle && circle.length > 2 && about('needs', `Steps wait for each other in a circle: ${circle.join(' → ')}.`),
    depth > PLAN_LIMITS.depth &&
      about('needs', `${depth} steps wait for each other in one chain; at most ${PLAN_LIMITS.depth} are allowed.`),
  ].filter((found) => typeof found === 'object');
}

function issuesOfTexts(step: PlanStep, i: number, { steps, world }: ValidationContext): Issue[] {
  const found: (Issue | false)[] = [
    steps.findIndex(({ id }) => id === step.id) < i && ['id', `There is another step “${step.id}”; ids are unique.`],
    world.finished?.has(step.id) === true && [
      'id',
      `The step “${step.id}” is done already; it may be needed, but not planned again.`,
    ],
    (isPlaceholder(step.title, world.request) || step.title === step.id) && [
      'title',
      'The title is a placeholder; name the work.',
    ],
    step.title.length > PLAN_LIMITS.titleChars && [
      'title',
      `The title is longer than ${PLAN_LIMITS.titleChars} characters.`,
    ],
    isPlaceholder(step.instruction, world.request)
      ? ['instruction', 'The instruction is a placeholder; say what has to be done.']
      : textLength(step.instruction) < PLAN_LIMITS.minInstructionChars && [
          'instruction',
          'The instruction is too short to work from; say what has to be done.',
        ],
    step.instruction.length > PLAN_LIMITS.instructionChars && [
      'instruction',
      `The instruction is longer than ${PLAN_LIMITS.instructionChars} characters.`,
    ],
  ];
  return found.filter((one) => one !== false);
}

function issuesOfWorker(step: PlanStep, { world, needed }: ValidationContext): Issue[] {
  switch (step.kind) {
    case 'agent':
      return issuesOfName('agent', step.agent, world.agents);
    case 'task':
      return [
        ...(step.category === null ? [['category', 'A step of kind task names its category.'] as const] : []),
        ...(step.agent === null ? [] : [['agent', 'A step of kind task names no agent; use kind agent.'] as const]),
      ];
    case 'tool':
      return issuesOfName('tool', step.tool, world.tools);
    case 'approval':
      return needed.has(step.id) ? [] : [['needs', 'No step needs this approval, so it would hold nothing back.']];
    default:
      return step.kind satisfies never;
  }
}

/** Of all that there is, a mistake names so many. */
const MAX_NAMED = 40;

function issuesOfName(kind: 'agent' | 'tool', name: string | null, known: ReadonlySet<string>): Issue[] {
  const names = [...known];
  const more = names.length > MAX_NAMED ? `, and ${names.length - MAX_NAMED} more` : '';
  const listed = known.size === 0 ? 'none' : `${names.slice(0, MAX_NAMED).join(', ')}${more}`;
  if (name === null) return [[kind, `A step of kind ${kind} names its ${kind}; there are ${listed}.`]];
  return known.has(name) ? [] : [[kind, `There is no ${kind} “${name}”; there are ${listed}.`]];
}

function issuesOfNeeds(step: PlanStep, { steps, world }: ValidationContext): Issue[] {
  const planned = new Set(steps.map(({ id }) => id));
  const needs = step.needs.flatMap((need): Issue[] => {
    if (need === step.id) return [['needs', 'A step cannot need itself.']];
    if (planned.has(need) || world.finished?.has(need) === true) return [];
    return [['needs', `There is no step “${need}” to need.`]];
  });
  if (step.when === null) return needs;
  const behind = needsBehind(steps, step.id);
  behind.delete(step.id);
  const wrong = checkCondition(step.when, behind);
  return wrong === undefined ? needs : [...needs, ['when', `The condition ${wrong}`]];
}

/** Placeholders that models leave instead of content. Written so that a request about such words still passes. */
const PLACEHOLDERS: readonly RegExp[] = [
  /\bTB[DA]\b/u,
  /^[^\p{L}\p{N}]*(?:to[d]o|tbd|tba|n\/?a|none|placeholder|untitled|title|description|instructions?|foo|bar|asdf)[^\p{L}\p{N}]*$/iu,
  /^[^\p{L}\p{N}]*(?:to[d]o|tbd|fix[m]e)\s*[:.…–—-]/iu,
  /[:=([-]\s*(?:to[d]o|tbd|tba)\b[^\p{L}\p{N}]*$/iu,
  /\bto be (?:determined|defined|decided|announced|filled in|completed later|specified later)\b/iu,
  /<\s*(?:insert|your|add|fill|enter|placeholder|describe|specify|name of|to[d]o|tbd)\b[^<>]{0,80}>/iu,
  /\{\{[^{}]{0,100}\}\}/u,
  /\[\s*(?:your|insert|add|fill|enter|placeholder|describe|specify|name of|to[d]o|tbd)\b[^[\]]{0,80}\]/iu,
  /\blorem ipsum\b/iu,
  /^[\s.…\-_*?]+$/u,
  /:\s*(?:\.{3}|…)\s*$/u,
  /^[^\p{L}\p{N}]*(?:step|task) (?:title|description|instructions?|name)(?: here)?[^\p{L}\p{N}]*$/iu,
  /\b(?:title|description|instructions?|text|details?|content) (?:goes )?here\b/iu,
  /^[^\p{L}\p{N}]*(?:step|task)[^\p{L}\p{N}]*\d*[^\p{L}\p{N}]*$/iu,
  /\bx{3,}\b/iu,
  /추후\s*(?:작성|결정|입력|기재|정의|확정)/u,
  /(?:^|:\s*)(?:미정|작성\s*예정|할\s*일|내용\s*없음|없음)[^\p{L}\p{N}]*$/u,
  /(?:여기에|이곳에).{0,20}(?:입력|작성|기재|적으)/u,
  /(?:^|[[<(])\s*(?:내용|설명|제목|이름)(?:을|를)?\s*(?:입력|작성|기재)(?:하세요|해 ?주세요|하십시오| ?예정)?(?:[\]>)]|[^\p{L}\p{N}]*$)/u,
  /[○◯〇]{2,}/u,
  /^[^\p{L}\p{N}]*(?:단계|작업|과제)\s*(?:설명|제목|이름|\d*)[^\p{L}\p{N}]*$/u,
];
/** "Remove every such comment" is work, the bare word is none. */
const BARE_WORD =
  /(?<!\b(?:every|[a]ny|all|each|the|open|no|of|remaining|about)\s)\bTO[D]O\b(?!s?\s+(?:comment|item|list|marker|note|entr|tag|app))/;

/** Work on such words is no leftover: they are named, quoted, or what is worked on. */
const NAMED_BEFORE =
  /(?:\b(?:every|[a]ny|all|each|no|of|remaining|about|replace|remove|find|resolve|mark(?:ed)?(?: as)?|search(?: for)?|merge tags?|tags?|variables?|placeholders?|tokens?|markers?|fields?|string|called|named|like|such as|says?)|머지 ?태그|변수|자리 ?표시자|모든|치환할)[\s:]*(?:the\s+)?$|['"`“‘「]\s*$/iu;
const NAMED_AFTER =
  /^(?:['"`”’」]|s?\s*(?:tags?|markers?|placeholders?|variables?|fields?|tokens?|entries|items?|comments?|notes?|sections?|values?|cells?)\b|\s*(?:머지 ?)?(?:태그|변수|자리 ?표시자|표시|문구|항목|주석|필드))/iu;
const AROUND = 60;

/** Whether a text stands for words that are still to be written, and not for words that the request itself has. */
export function isPlaceholder(text: string, request = ''): boolean {
  if (text.trim() === '') return true;
  const asked = request.toLowerCase();
  return [BARE_WORD, ...PLACEHOLDERS].some((pattern) =>
    [...text.matchAll(new RegExp(pattern, `${pattern.flags}g`))].some(({ 0: found, index }) => {
      const words = found.trim().toLowerCase();
      if (!/^[\s.…:_*?-]+$/.test(words) && asked.includes(words)) return false;
      const before = text.slice(Math.max(0, index - AROUND), index);
      const after = text.slice(index + found.length, index + found.length + AROUND);
      return !(NAMED_BEFORE.test(before) || NAMED_AFTER.test(after));
    }),
  );
}

/** The length of a text in Latin letters: one Hangul syllable counts as two. */
export const textLength = (text: string): number => text.trim().length + (text.match(/[\uac00-\ud7a3]/g)?.length ?? 0);
