import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Skill } from '../../contracts/skills.ts';
import {
  filesBeside,
  findSkills,
  HOUSE_SKILLS,
  loadSkills,
  skillFolders,
  toFolder,
  type SkillProblem,
} from './load.ts';

/** The house's skills as they are now. */
export interface SkillCatalogue {
  /** In the order of their names. */
  list(): Skill[];
  find(name: string): Skill | undefined;
}

export interface SkillCatalogueOptions {
  /** Told once of every change that left something wrong; what was good before stays. */
  readonly onProblems?: (problems: readonly SkillProblem[]) => void;
  /** A clock, ms. */
  readonly now?: () => number;
}

/** A change is seen at the first use after this. */
const LOOK_EVERY_MS = 2_000;

/**
 * Opens a folder of skills. Changes are noticed without a restart: files are looked at when skills are asked for, so
 * that nothing runs while nobody asks. @throws when a skill is broken at the start, with every problem listed.
 */
export function openSkills(
  dir: URL | string = HOUSE_SKILLS,
  { onProblems = () => undefined, now = Date.now }: SkillCatalogueOptions = {},
): SkillCatalogue {
  const folder = toFolder(dir);
  let print = fingerprintOf(folder);
  let skills = loadSkills(folder);
  let lookedAt = now();

  const look = (): ReadonlyMap<string, Skill> => {
    if (now() - lookedAt < LOOK_EVERY_MS) return skills;
    lookedAt = now();
    try {
      const current = fingerprintOf(folder);
      if (current === print) return skills;
      const found = findSkills(folder);
      skills = withLastGood(found, skills);
      print = current;
      if (found.problems.length > 0) onProblems(found.problems);
    } catch (error) {
      // Files come and go while somebody copies them: the next look sees them whole.
      onProblems([{ file: folder, line: 1, message: error instanceof Error ? error.message : String(error) }]);
    }
    return skills;
  };
  return { list: () => [...look().values()], find: (name) => look().get(name) };
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
