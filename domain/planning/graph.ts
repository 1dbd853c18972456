import type { PlanStep } from '../../contracts/plan.ts';

type Node = Pick<PlanStep, 'id' | 'needs'>;

/**
 * The phase of every step, from 1: the longest chain of needs before it. Steps on a circle, and what needs them, have
 * none. Needs outside of the list, such as steps that an earlier revision finished, delay nothing.
 */
export function phasesOf(steps: readonly Node[], finished: ReadonlySet<string> = new Set()): Map<string, number> {
  const open = new Map(steps.map((step) => [step.id, step]));
  for (const id of finished) open.delete(id);
  const inside = new Set(open.keys());
  const phases = new Map<string, number>();
  for (let grew = true; grew;) {
    grew = false;
    for (const [id, { needs }] of open) {
      const before = needs.filter((need) => inside.has(need));
      if (!before.every((need) => phases.has(need))) continue;
      phases.set(id, 1 + Math.max(0, ...before.map((need) => phases.get(need) ?? 0)));
      open.delete(id);
      grew = true;
    }
  }
  return phases;
}

/** One circle of needs, as the ids along it with the first one again at the end. */
export function circleIn(steps: readonly Node[]): string[] | undefined {
  const phases = phasesOf(steps);
  const needsOf = new Map(steps.map(({ id, needs }) => [id, needs]));
  const stuck = (id: string) => needsOf.has(id) && !phases.has(id);
  const trail: string[] = [];
  // Every step without a phase needs another one without, so the walk comes back to where it has been.
  for (let at = steps.find(({ id }) => stuck(id))?.id; at !== undefined; at = needsOf.get(at)?.find(stuck)) {
    const seen = trail.indexOf(at);
    if (seen >= 0) return [...trail.slice(seen), at];
    trail.push(at);
  }
  return undefined;
}

/** Everything that a step waits for, directly or through others. */
export function needsBehind(steps: readonly Node[], id: string): Set<string> {
  const needsOf = new Map(steps.map((step) => [step.id, step.needs]));
  const found = new Set<string>();
  const look = [...(needsOf.get(id) ?? [])];
  for (let need = look.pop(); need !== undefined; need = look.pop()) {
    if (found.has(need)) continue;
    found.add(need);
    look.push(...(needsOf.get(need) ?? []));
  }
  return found;
}

/** As much of a step as says whose answers it is told. */
type Linked = Pick<PlanStep, 'id' | 'needs' | 'kind'>;

/** What one earlier answer may add to a prompt, in UTF-8, with the tag that names its step; plans are priced with it. */
export const EARLIER_ANSWER_BYTES = 16_000;
const TEXT_BYTES = EARLIER_ANSWER_BYTES - 600;
/** What all earlier answers together may add to a prompt, in UTF-8. */
const MAX_ANSWERS_BYTES = 96_000;
const CUT = '\n[…]';

/** An earlier answer as it is handed on beside others, which share what there is for all of them. */
export const earlierAnswer = (text: string, answers = 1): string =>
  cutToBytes(text, Math.min(TEXT_BYTES, Math.floor(MAX_ANSWERS_BYTES / answers)));

/** A text whole, or its beginning with a mark that there was more. */
export function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const room = Math.max(0, maxBytes - Buffer.byteLength(CUT));
  // A letter that the cut goes through is left out whole.
  const whole = bytes
    .subarray(0, room)
    .toString()
    .replace(/\ufffd+$/, '');
  return `${whole}${CUT}`;
}

/** The newest of some texts that fit together, and the last one in any case. */
export const newestWithin = (texts: readonly string[], maxBytes: number): readonly string[] =>
  texts.filter((_, at) => at === texts.length - 1 || Buffer.byteLength(texts.slice(at).join('')) <= maxBytes);

/**
 * The steps whose answers a step is told: what it needs, and behind an approval, which says nothing itself, what the
 * approval needs.
 */
export function answersGivenTo(step: Pick<Linked, 'id' | 'needs'>, steps: readonly Linked[]): string[] {
  const byId = new Map(steps.map((one) => [one.id, one]));
  const found = new Set<string>();
  const seen = new Set<string>([step.id]);
  const look = [...step.needs];
  for (let need = look.shift(); need !== undefined; need = look.shift()) {
    if (seen.has(need)) continue;
    seen.add(need);
    const needed = byId.get(need);
    if (needed?.kind === 'approval') look.push(...needed.needs);
    else found.add(need);
  }
  return [...found];
}
