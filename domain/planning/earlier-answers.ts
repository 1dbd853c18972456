import type { PlanStep } from '../../contracts/plan.ts';

/** As much of a step as says whose answers it is told. */
type Linked = Pick<PlanStep, 'id' | 'needs' | 'kind'>;

/** What one earlier answer may add to a prompt, in UTF-8, with the tag that names its step; plans are priced with it. */
export const EARLIER_ANSWER_BYTES = 16_000;
const TEXT_BYTES = EARLIER_ANSWER_BYTES - 600;
const CUT = '\n[…]';

/** An earlier answer as it is handed on: whole, or its beginning with a mark that there was more. */
export function earlierAnswer(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= TEXT_BYTES) return text;
  const room = TEXT_BYTES - Buffer.byteLength(CUT);
  // A letter that the cut goes through is left out whole.
  const whole = bytes
    .subarray(0, room)
    .toString()
    .replace(/\ufffd+$/, '');
  return `${whole}${CUT}`;
}

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
