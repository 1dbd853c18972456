/** Ids as conditions can name them, in the order of the steps, and what each of the model's own spellings became. */
export interface Renamed {
  readonly all: readonly string[];
  /** The new id of a spelling that a step has, else the same spelling made an id. */
  readonly idOf: (spelling: string) => string;
  readonly changed: ReadonlyMap<string, string>;
}

/** `Step-1` is `step_1` and `2` is `s_2`: models number and capitalise as they like. */
export function idsFor(spellings: readonly string[]): Renamed {
  const all = spellings.map((spelling, i) => spelledAsId(spelling) || `step_${i + 1}`);
  const known = new Map(spellings.map((spelling, i) => [spelling, all[i] ?? spelling]));
  return {
    all,
    idOf: (spelling) => known.get(spelling) ?? (spelledAsId(spelling) || spelling),
    changed: new Map([...known].filter(([spelling, id]) => spelling !== id)),
  };
}

function spelledAsId(spelling: string): string {
  const plain = spelling
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+/, '');
  return (/^\d/.test(plain) ? `s_${plain}` : plain).slice(0, 40).replace(/_+$/, '');
}

/** `steps.Step-1.status` and `steps["Step-1"].status` with the step's new id; the longest spelling goes first. */
export function conditionWithIds(condition: string, { changed }: Renamed): string {
  const spellings = [...changed.keys()].sort((a, b) => b.length - a.length);
  if (spellings.length === 0) return condition;
  const any = spellings.map((spelling) => spelling.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const named = new RegExp(`\\bsteps(?:\\.(${any})(?![\\w-])|\\[\\s*(["'])(${any})\\2\\s*\\])`, 'g');
  return condition.replace(
    named,
    (_, dotted?: string, _quote?: string, indexed?: string) => `steps.${changed.get(dotted ?? indexed ?? '')}`,
  );
}
