import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Skill } from '../../contracts/agents.ts';
import { readSkill, type SkillMistake } from './read-skill.ts';

/** A mistake with its file, as `release-notes/SKILL.md`. */
export interface SkillProblem extends SkillMistake {
  readonly file: string;
}

/** The skills of a folder, and what is wrong with those that are missing here. */
interface SkillsFound {
  readonly skills: ReadonlyMap<string, Skill>;
  readonly problems: readonly SkillProblem[];
}

export const HOUSE_SKILLS = new URL('../../skills/', import.meta.url);
const MAX_FILES = 100;

const toFolder = (dir: URL | string): string => (typeof dir === 'string' ? dir : fileURLToPath(dir));

const isHidden = (name: string): boolean => name.startsWith('.') || name === 'node_modules';

/** The folders that hold a skill each, in the order of their names. */
const skillFolders = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !isHidden(entry.name))
    .map(({ name }) => name)
    .sort();

/** What lies beside a `SKILL.md`, by its way from there. */
function filesBeside(folder: string, name: string): string[] {
  const root = join(folder, name);
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !isHidden(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => path !== 'SKILL.md')
    .sort()
    .slice(0, MAX_FILES);
}

/** Reads every `<name>/SKILL.md` of a folder; a broken one stops no other. */
export function findSkills(dir: URL | string = HOUSE_SKILLS): SkillsFound {
  const folder = toFolder(dir);
  const skills = new Map<string, Skill>();
  const problems: SkillProblem[] = [];
  for (const name of skillFolders(folder)) {
    const file = `${name}/SKILL.md`;
    const text = textOf(join(folder, name, 'SKILL.md'));
    const reading = text === undefined ? { mistakes: [{ line: 1, message: 'is missing' }] } : readSkill(text, name);
    if ('mistakes' in reading) problems.push(...reading.mistakes.map((mistake) => ({ file, ...mistake })));
    else skills.set(name, { ...reading, source: 'built_in', files: filesBeside(folder, name) });
  }
  return { skills, problems };
}

function textOf(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, 'utf8') : undefined;
}

const toLine = ({ file, line, message }: SkillProblem): string => `${file}:${line}: ${message}`;

/** As `findSkills`, for the start. Throws one error that lists every problem of every skill. */
export function loadSkills(dir: URL | string = HOUSE_SKILLS): ReadonlyMap<string, Skill> {
  const { skills, problems } = findSkills(dir);
  if (problems.length > 0)
    throw new Error(`Skills in ${toFolder(dir)}:\n${problems.map((problem) => `- ${toLine(problem)}`).join('\n')}`);
  return skills;
}

/** The house's skills as they are now. */
export interface SkillCatalogue {
  /** In the order of their names. */
  list(): Skill[];
  find(name: string): Skill | undefined;
}

interface SkillCatalogueOptions {
  /** Called once for every change that left something wrong; what was good before stays. */
  readonly onProblems?: (problems: readonly SkillProblem[]) => void;
  /** A clock, ms. */
  readonly now?: () => number;
}

/** A change is seen at the first use after this. */
const MIN_CHECK_MS = 2_000;

/**
 * Opens a folder of skills. Changes are noticed without a restart: files are checked when skills are asked for, so
 * that nothing runs while nobody asks. @throws when a skill is broken at the start, with every problem listed.
 */
export function openSkills(
  dir: URL | string = HOUSE_SKILLS,
  { onProblems = () => undefined, now = Date.now }: SkillCatalogueOptions = {},
): SkillCatalogue {
  const folder = toFolder(dir);
  let fingerprint = fingerprintOf(folder);
  let skills = loadSkills(folder);
  let checkedAt = now();

  const refresh = (): ReadonlyMap<string, Skill> => {
    if (now() - checkedAt < MIN_CHECK_MS) return skills;
    checkedAt = now();
    try {
      const current = fingerprintOf(folder);
      if (current === fingerprint) return skills;
      const found = findSkills(folder);
      skills = withLastGood(found, skills);
      fingerprint = current;
      if (found.problems.length > 0) onProblems(found.problems);
    } catch (error) {
      // Files come and go while somebody copies them: the next check sees them whole.
      onProblems([{ file: folder, line: 1, message: error instanceof Error ? error.message : String(error) }]);
    }
    return skills;
  };
  return { list: () => [...refresh().values()], find: (name) => refresh().get(name) };
}

/** A skill that was broken by a change stays as it was; one that is gone is gone. */
function withLastGood(
  { skills, problems }: ReturnType<typeof findSkills>,
  before: ReadonlyMap<string, Skill>,
): ReadonlyMap<string, Skill> {
  const broken = new Set(problems.map(({ file }) => file.split('/')[0]));
  const kept = [...before].filter(([name]) => broken.has(name));
  return new Map([...skills, ...kept].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Changes whenever a skill or a file beside it does. */
const fingerprintOf = (folder: string): string =>
  JSON.stringify(
    skillFolders(folder).map((name) => {
      const found = statSync(join(folder, name, 'SKILL.md'), { throwIfNoEntry: false });
      return [name, found?.mtimeMs, found?.size, found?.ino, filesBeside(folder, name)];
    }),
  );
