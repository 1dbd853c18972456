/** Literals and quoted names, which may hold anything, and what stands between them. */
const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\$[\s\S]*?\$\$/g;

/** The statements of a text that carries several, in order. */
export function statementsIn(text: string): string[] {
  const cuts: number[] = [];
  const bare = text.replaceAll(QUOTED, (quoted) => '_'.repeat(quoted.length));
  for (let at = bare.indexOf(';'); at >= 0; at = bare.indexOf(';', at + 1)) cuts.push(at);
  return [...cuts, text.length]
    .map((end, nth) => text.slice(nth > 0 ? (cuts[nth - 1] ?? 0) + 1 : 0, end).trim())
    .filter((statement) => statement !== '');
}

/** A table or a function that is read from or written to. */
const OBJECT = /\b(from|join|lateral|into|update|using)\s+(?:only\s+)?"?([a-z_][a-z0-9_]*)"?(\s*\()?/gi;
/** Functions of ours that are called for what they do. */
const FUNCTION = /\b(append_events|pg_notify|organizations_with_\w+|maintain_\w+)"?\s*\(/gi;
/** Names that a statement gives to parts of itself. */
const NAMED_PART =
  /(?:\bwith(?:\s+recursive)?|,)\s*"?([a-z_][a-z0-9_]*)"?\s*(?:\([^)]*\)\s*)?as\s+(?:not\s+)?(?:materialized\s+)?\(/gi;
const EXTRACT = /\bextract\s*\([^()]*\)/gi;
/** What stands where a table's or a function's name could. */
const NO_OBJECTS = /^(lateral|select|values|set|skip|of|unnest|coalesce|generate_series|jsonb?_\w+|.)$/;

/** What a statement does to which tables, short enough to be read in a list: `insert inbox, messages`. */
export function outlineOf(statement: string): string {
  const text = statement.replaceAll(/'(?:[^']|'')*'/g, "''").replaceAll(EXTRACT, '');
  const parts = new Set([...text.matchAll(NAMED_PART)].map(([, name = '']) => name.toLowerCase()));
  const functions = [...text.matchAll(FUNCTION)].map(([, name = '']) => `${name.toLowerCase()}()`);
  const objects = [...text.matchAll(OBJECT)]
    .map(([, where, name = '', call]) => ({
      name: name.toLowerCase(),
      isCall: call && where?.toLowerCase() !== 'into',
    }))
    .filter(({ name }) => !parts.has(name) && !NO_OBJECTS.test(name))
    .map(({ name, isCall }) => (isCall ? `${name}()` : name));
  return [verbOf(text), [...new Set([...functions, ...objects])].join(', ')].filter(Boolean).join(' ');
}

/** A statement that begins with its parts is named after what changes something in it. */
function verbOf(text: string): string {
  const first = /^\s*([a-z]+)/i.exec(text)?.[1]?.toLowerCase() ?? '?';
  if (first !== 'with') return first;
  const verbs = ['insert', 'update', 'delete'].filter((verb) => new RegExp(`\\b${verb}\\s`, 'i').test(text));
  return verbs.length > 0 ? verbs.join('+') : 'select';
}
