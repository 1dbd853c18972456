import {
  Environment,
  EvaluationError,
  ParseError,
  TypeError as CelTypeError,
  type ASTNode,
  type ParseResult,
} from '@marcbachmann/cel-js';
import { PLAN_LIMITS } from '../../contracts/plan.ts';
import { isNode, MACROS, workOf, type ConditionSizes } from './condition-cost.ts';

/** What a condition may know of a step. */
export interface StepResult {
  readonly status: 'done' | 'failed' | 'skipped';
  readonly text: string;
  readonly confidence: number;
  readonly data: unknown;
}

/** A condition that cannot be decided; the message is for people. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError';
}

/** Loops visit at most this many values and are never nested. */
const BOUNDS = {
  astNodes: 100,
  astDepth: 24,
  loops: 3,
  dataValues: 1_000,
  dataDepth: 20,
  dataChars: 100_000,
  textChars: 50_000,
  /** Characters counted, or as much of other work: a few ms. */
  work: 400_000,
};
/** What a condition may meet at the most; texts that it searches for are short until they are known. */
const MAX_SIZES: ConditionSizes = { ...BOUNDS, needleChars: 64 };
const FUNCTIONS = [
  'has',
  'size',
  'int',
  'double',
  'string',
  'bool',
  'contains',
  'startsWith',
  'endsWith',
  'lowerAscii',
  'trim',
];
const ALLOWED_CALLS = new Set([...MACROS, ...FUNCTIONS]);
/** Conditions use a subset of CEL: `matches` may run for very long, and `map` and `join` may grow without bound. */
const notAllowed = (name: string) =>
  `may not use ${name}(); it may use ${[...ALLOWED_CALLS].toSorted().join(', ')}, comparisons, &&, ||, ! and "in".`;

/** In brackets after a value stands anything but one plain text or number: which step is meant is found out later. */
const BUILT_NAME = /(?<=[\w\])]\s*)(?<!\bin\s*)\[(?!\s*(?:"[^"\\]*"|'[^'\\]*'|\d+)\s*\])/;

/** What is wrong with a condition over these steps, as a sentence; undefined when it can be decided. */
export function checkCondition(expression: string, allowedIds: Iterable<string>): string | undefined {
  try {
    compile(expression, [...allowedIds], MAX_SIZES);
    return undefined;
  } catch (error) {
    return toSentence(error);
  }
}

/**
 * Whether the step is needed, by what the steps before it came to.
 * @throws ConditionError when the results do not have what the condition asks for.
 */
export function evaluateCondition(expression: string, results: Readonly<Record<string, StepResult>>): boolean {
  try {
    // What the condition does not name is not looked at, however much it is.
    const anyStep = BUILT_NAME.test(expression);
    const asked = ([id, result]: [string, StepResult]) =>
      [id, toCelResult(anyStep || expression.includes(id) ? result : { ...result, text: '', data: null })] as const;
    const steps = Object.entries(results).map(asked);
    const run = compile(expression, Object.keys(results), sizesOf(steps));
    const verdict: unknown = run({ steps: Object.fromEntries(steps) });
    if (typeof verdict === 'boolean') return verdict;
  } catch (error) {
    throw new ConditionError(`The condition ${quoted(expression)} ${toSentence(error)}`, { cause: error });
  }
  throw new ConditionError(`The condition ${quoted(expression)} says neither true nor false.`);
}

const quoted = (expression: string): string => `“${expression.slice(0, 120)}${expression.length > 120 ? '…' : ''}”`;

function compile(expression: string, ids: readonly string[], sizes: ConditionSizes): ParseResult {
  if (expression.length > PLAN_LIMITS.conditionChars)
    throw new ConditionError(`is longer than ${PLAN_LIMITS.conditionChars} characters.`);
  const run = environmentOf(ids).parse(expression);
  refuseForbidden(run.ast);
  if (workOf(run.ast, sizes) > BOUNDS.work) throw new ConditionError(TOO_MUCH);
  const { valid, type, error } = run.check();
  if (!valid) throw error ?? new ConditionError('is no valid expression.');
  if (type !== 'bool' && type !== 'dyn') throw new ConditionError(`gives ${type}, but must give true or false.`);
  return run;
}

const RESULT = { status: 'string', text: 'string', confidence: 'double', data: 'dyn' };

const environmentOf = (ids: readonly string[]): Environment =>
  new Environment({
    limits: { maxAstNodes: BOUNDS.astNodes, maxDepth: BOUNDS.astDepth, maxListElements: 50, maxMapEntries: 10 },
  }).registerVariable({ name: 'steps', schema: Object.fromEntries(ids.map((id) => [id, RESULT])) });

function refuseForbidden(root: ASTNode): void {
  let loops = 0;
  const visit = (node: unknown, inLoop: boolean): void => {
    if (Array.isArray(node)) return node.forEach((one) => visit(one, inLoop));
    if (!isNode(node)) return;
    const isCall = node.op === 'call' || node.op === 'rcall';
    const name = isCall ? String(node.args[0]) : '';
    if (isCall && !ALLOWED_CALLS.has(name)) throw new ConditionError(notAllowed(name));
    const loop = node.op === 'rcall' && MACROS.has(name);
    if (loop && inLoop) throw new ConditionError('has a loop inside of a loop.');
    if (loop && ++loops > BOUNDS.loops) throw new ConditionError(`has more than ${BOUNDS.loops} loops.`);
    // The list of a macro is evaluated once, its body for every value.
    if (loop) {
      visit(node.args[1], inLoop);
      visit(node.args[2], true);
    } else visit(node.args, inLoop);
  };
  visit(root, false);
}

function toCelResult({ status, text, confidence, data }: StepResult): StepResult {
  return { status, text: text.slice(0, BOUNDS.textChars), confidence, data: bounded(data) };
}

const TOO_MUCH =
  'handles too much text for one condition: do not join texts, and in a loop ask only about the values of its own list.';

/** How much there really is. */
function sizesOf(results: readonly (readonly [id: string, result: StepResult])[]): ConditionSizes {
  let [dataChars, dataValues, needleChars] = [0, 0, 0];
  const look = (value: unknown): void => {
    dataValues++;
    if (typeof value === 'string') {
      dataChars += value.length;
      needleChars = Math.max(needleChars, value.length);
    } else if (Array.isArray(value)) value.forEach(look);
    else if (value instanceof Map) value.forEach(look);
  };
  results.forEach(([, { data }]) => look(data));
  const texts = new Map(results.map(([id, { text }]) => [id, text.length]));
  const textChars = Math.max(0, ...texts.values());
  return {
    textChars,
    textCharsOf: (id) => texts.get(id),
    dataChars,
    dataValues,
    needleChars: Math.max(needleChars, textChars),
  };
}

/** A copy without anything but JSON's own values, in objects that inherit nothing. */
function bounded(data: unknown): unknown {
  let values = 0;
  let chars = 0;
  const text = (value: string): string => {
    chars += value.length;
    if (chars > BOUNDS.dataChars)
      throw new ConditionError(`asks about data of more than ${BOUNDS.dataChars} characters.`);
    return value;
  };
  const copy = (value: unknown, depth: number): unknown => {
    if (++values > BOUNDS.dataValues) throw new ConditionError(`asks about more than ${BOUNDS.dataValues} values.`);
    if (depth > BOUNDS.dataDepth) throw new ConditionError('asks about data that is nested too deeply.');
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map((one) => copy(one, depth + 1));
    if (typeof value !== 'object' || value === null) return value ?? null;
    return new Map(Object.entries(value).map(([name, one]) => [text(name), copy(one, depth + 1)]));
  };
  return copy(data, 0);
}

function toSentence(error: unknown): string {
  if (error instanceof ConditionError) return error.message;
  const isCel = error instanceof ParseError || error instanceof EvaluationError || error instanceof CelTypeError;
  if (!isCel) throw error;
  const missing = /^No such key: (.*)$/.exec(error.summary)?.[1];
  if (missing !== undefined)
    return `asks for “${missing.slice(0, 60)}”, which is not there; it can ask for steps.<id>.status, text, confidence and data of steps that are needed.`;
  return `is no valid expression: ${error.summary.slice(0, 200)}.`;
}
