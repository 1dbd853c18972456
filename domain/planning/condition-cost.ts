import type { ASTNode } from '@marcbachmann/cel-js';

/** How much a condition can meet: characters of texts, of all data together, its values, and the longest text of all. */
export interface ConditionSizes {
  readonly textChars: number;
  /** Of one step's text, where that is known already. */
  readonly textCharsOf?: (step: string) => number | undefined;
  readonly dataChars: number;
  readonly dataValues: number;
  /** The longest text that another one may be searched for. */
  readonly needleChars: number;
}

/** Loops over the values of a list. */
export const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter']);

/**
 * Characters of a value: `own` counts how often all that the loop's list holds, because over the whole loop every value
 * comes once; `fixed` comes again for every value.
 */
interface Size {
  readonly own: number;
  readonly fixed: number;
}
const size = (fixed: number, own = 0): Size => ({ own, fixed });
const SMALL = size(24);

/** Work for one node, and for one character; measured, in characters whose number is counted (about 10 ns each). */
const NODE = 5;
const WEIGHT = { count: 1, join: 0.5, change: 0.2, look: 0.1, value: 2 };
/** So many characters of what is searched for cost no more than one. */
const SHORT_NEEDLE = 64;

/**
 * The most work that a condition can make of values of these sizes, in characters counted. Every value of a list comes
 * with the loop's body, so what is fixed there counts as often as there are values. Pure.
 */
export function workOf(root: ASTNode, sizes: ConditionSizes): number {
  const data = sizes.dataChars + WEIGHT.value * sizes.dataValues;
  const meter: Meter = { sizes, data, work: 0 };
  measure(root, meter, undefined);
  return meter.work;
}

interface Meter {
  readonly sizes: ConditionSizes;
  /** Of all data together. */
  readonly data: number;
  work: number;
}

/** The loop whose body is looked at, by the name of its value. */
type Loop = { readonly variable: unknown } | undefined;

const totalOf = ({ own, fixed }: Size, { data, sizes }: Meter, loop: Loop): number =>
  own * data + fixed * (loop ? sizes.dataValues : 1);

const COMPARISONS: readonly string[] = ['==', '!=', '<', '<=', '>', '>='];
const ACCESS: readonly string[] = ['.', '.?', '[]', '[?]'];

/** Adds the work of a node with all below it, and answers how long its value can be. */
function measure(given: unknown, meter: Meter, loop: Loop): Size {
  if (Array.isArray(given)) return sum(given.map((one) => measure(one, meter, loop)));
  if (!isNode(given)) return SMALL;
  const { op, args } = given;
  meter.work += NODE * (loop ? meter.sizes.dataValues : 1);
  if (op === 'value') return size(typeof args === 'string' ? args.length : SMALL.fixed);
  if (op === 'id') return args === loop?.variable ? size(0, 1) : size(Math.max(meter.data, meter.sizes.textChars));
  if (op === 'call' || op === 'rcall') return measureCall(given, meter, loop);
  const parts: readonly Size[] = (Array.isArray(args) ? args : [args]).map((one) => measure(one, meter, loop));
  const [one = SMALL, other = SMALL] = parts;
  const spend = (on: Size, weight: number) => void (meter.work += totalOf(on, meter, loop) * weight);
  if (ACCESS.includes(op)) return fieldOf(given, sum(parts), meter, loop);
  if (op === '+') {
    if (Array.isArray(args) && args.some(isNumber)) return SMALL;
    spend(sum(parts), WEIGHT.join);
    return sum(parts);
  }
  // Compared with every value there is; a literal list has as many as it says.
  if (op === 'in') spend(isLiteralList(args) ? one : other, WEIGHT.look);
  if (COMPARISONS.includes(op))
    spend(totalOf(one, meter, loop) <= totalOf(other, meter, loop) ? one : other, WEIGHT.look);
  if (op === '?:') return parts.reduce(larger, SMALL);
  return op === 'list' || op === 'map' ? sum(parts) : SMALL;
}

const CHANGES: readonly string[] = ['lowerAscii', 'trim', 'string'];
const READS: readonly string[] = ['int', 'double', 'bool'];

function measureCall({ op, args }: ASTNode, meter: Meter, loop: Loop): Size {
  const [name, on, given] = args as unknown as [string, unknown, unknown];
  const receiver = measure(on, meter, loop);
  if (op === 'rcall' && MACROS.has(name)) {
    const [variable, body] = given as [unknown, unknown];
    measure(body, meter, { variable: isNode(variable) ? variable.args : '' });
    return receiver;
  }
  const argument = op === 'rcall' ? measure(given, meter, loop) : SMALL;
  const spend = (size: Size, weight: number) => void (meter.work += totalOf(size, meter, loop) * weight);
  if (name === 'size') spend(receiver, WEIGHT.count);
  else if (name === 'contains')
    spend(receiver, WEIGHT.look * Math.max(1, needleOf(argument, given, meter) / SHORT_NEEDLE));
  else if (CHANGES.includes(name) || READS.includes(name)) spend(receiver, WEIGHT.change);
  else spend(argument, WEIGHT.look);
  return CHANGES.includes(name) ? receiver : SMALL;
}

/** How long a text can be that another one is searched for: in the worst case every place is compared with all of it. */
const needleOf = (argument: Size, node: unknown, { sizes }: Meter): number =>
  argument.own > 0 ? sizes.needleChars : Math.min(argument.fixed, Math.max(sizes.needleChars, literalOf(node)));

const sum = (sizes: readonly Size[]): Size =>
  sizes.reduce((all, one) => ({ own: all.own + one.own, fixed: all.fixed + one.fixed }), size(0));
const larger = (one: Size, other: Size): Size => size(Math.max(one.fixed, other.fixed), Math.max(one.own, other.own));

/** A field of a step's result is as long as it can be; one of a loop's value is part of that. */
function fieldOf(node: ASTNode, within: Size, { sizes, data }: Meter, loop: Loop): Size {
  const path = pathOf(node);
  if (path[0] !== 'steps') return path[0] !== undefined && path[0] === loop?.variable ? size(0, 1) : within;
  if (path.length === 3 && (path[2] === 'status' || path[2] === 'confidence')) return SMALL;
  if (path.length === 3 && path[2] === 'text') return size(sizes.textCharsOf?.(path[1] ?? '') ?? sizes.textChars);
  return size(data);
}

/** The names that lead to a field, as far as they stand there. */
function pathOf(node: unknown): string[] {
  if (!isNode(node)) return [];
  if (node.op === 'id') return [String(node.args)];
  if (!ACCESS.includes(node.op) || !Array.isArray(node.args)) return [];
  const [from, name] = node.args as unknown[];
  const path = pathOf(from);
  const last = isNode(name) ? (name.op === 'value' ? String(name.args) : '?') : String(name);
  return path.length === 0 ? [] : [...path, last];
}

const isLiteralList = (args: unknown): boolean => Array.isArray(args) && isNode(args[1]) && args[1].op === 'list';

const isNumber = (node: unknown): boolean =>
  isNode(node) && node.op === 'value' && (typeof node.args === 'number' || typeof node.args === 'bigint');

/** The length of a text that stands in the condition itself; 0 for anything else. */
const literalOf = (given: unknown): number => {
  const [node] = Array.isArray(given) ? (given as unknown[]) : [given];
  return isNode(node) && node.op === 'value' && typeof node.args === 'string' ? node.args.length : 0;
};

export const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
