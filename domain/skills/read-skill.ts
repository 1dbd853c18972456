import { isMap, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { SkillFrontMatter } from '../../contracts/agents.ts';

/** What is wrong with a `SKILL.md`, and in which of its lines. */
export interface SkillMistake {
  readonly line: number;
  readonly message: string;
}

/** A `SKILL.md` as the open Agent Skills format has it, or everything that is wrong with it. */
type SkillReading =
  | { readonly name: string; readonly description: string; readonly body: string }
  | { readonly mistakes: readonly SkillMistake[] };

/** Longest `SKILL.md`, in characters; what is longer belongs into files beside it. */
export const MAX_SKILL = 100_000;

const PARTS = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)([\s\S]*)$/;
/** The front matter begins behind the line with the dashes. */
const LINES_BEFORE = 1;

/** Reads the text of a `SKILL.md`. `name` is what it has to be called: its folder, or the address it is put to. */
export function readSkill(text: string, name: string): SkillReading {
  if (text.length > MAX_SKILL)
    return wrong(1, `has more than ${MAX_SKILL.toLocaleString('en')} characters; keep the rest in files beside it`);
  const [whole, head, body] = PARTS.exec(text) ?? [];
  if (whole === undefined || head === undefined || body === undefined)
    return wrong(1, 'does not begin with front matter between two --- lines');
  const yaml = parseYaml(head);
  if ('mistakes' in yaml) return yaml;
  const found = SkillFrontMatter.safeParse(yaml.value);
  const mistakes = found.success ? [] : found.error.issues.map((issue) => toMistake(issue, yaml.lineOf));
  if (found.success && found.data.name !== name)
    mistakes.push({ line: yaml.lineOf(['name']), message: `name: is ${found.data.name}, but has to be ${name}` });
  if (body.trim() === '')
    mistakes.push({ line: head.split('\n').length + 2, message: 'has no instructions below the front matter' });
  if (!found.success || mistakes.length > 0) return { mistakes };
  return { name, description: found.data.description.replace(/\s+/g, ' '), body: body.trim() };
}

const wrong = (line: number, message: string): SkillReading => ({ mistakes: [{ line, message }] });

const toMistake = ({ path, message }: z.core.$ZodIssue, lineOf: (path: readonly PropertyKey[]) => number) => ({
  line: lineOf(path),
  message: path.length > 0 ? `${path.join('.')}: ${message}` : `the front matter: ${message}`,
});

type Yaml = { readonly value: unknown; readonly lineOf: (path: readonly PropertyKey[]) => number };

function parseYaml(head: string): Yaml | { mistakes: SkillMistake[] } {
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line + LINES_BEFORE;
  const notYaml = (offset: number, error: unknown): SkillMistake => {
    const [first] = String(error instanceof Error ? error.message : error).split('\n');
    return { line: lineAt(offset), message: `the front matter is not YAML: ${first}` };
  };
  try {
    const document = parseDocument(head, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
    if (document.errors.length > 0) return { mistakes: document.errors.map((error) => notYaml(error.pos[0], error)) };
    return { value: document.toJS(), lineOf: (path) => lineAt(offsetOf(document, path)) };
  } catch (error) {
    // Aliases without end and brackets without bottom are thrown, not listed.
    return { mistakes: [notYaml(0, error)] };
  }
}

/** Where the field stands; the beginning for one that is missing. */
function offsetOf({ contents }: Document.Parsed, [first]: readonly PropertyKey[]): number {
  if (!isMap(contents)) return 0;
  const pair = contents.items.find(({ key }) => String(key) === first);
  const key: unknown = pair?.key;
  const hasRange = typeof key === 'object' && key !== null && 'range' in key && Array.isArray(key.range);
  return hasRange ? Number((key.range as unknown[])[0]) : 0;
}
