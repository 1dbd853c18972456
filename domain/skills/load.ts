import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Skill } from '../../contracts/skills.ts';
import { readSkill, type SkillMistake } from './read-skill.ts';

/** A mistake with its file, as `release-notes/SKILL.md`. */
export interface SkillProblem extends SkillMistake {
  readonly file: string;
}

/** The skills of a folder, and what is wrong with those that are missing here. */
export interface SkillsFound {
  readonly skills: ReadonlyMap<string, Skill>;
  readonly problems: readonly SkillProblem[];
}

export const HOUSE_SKILLS = new URL('../../skills/', import.meta.url);
const MAX_FILES = 100;

export const toFolder = (dir: URL | string): string => (typeof dir === 'string' ? dir : fileURLToPath(dir));

const isHidden = (name: string): boolean => name.startsWith('.') || name === 'node_modules';

/** The folders that hold a skill each, in the order of their names. */
export const skillFolders = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !isHidden(entry.name))
    .map(({ name }) => name)
    .sort();

/** What lies beside a `SKILL.md`, by its way from there. */
export function filesBeside(folder: string, name: string): string[] {
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
    else skills.set(name, { ...reading, source: 'house', files: filesBeside(folder, name) });
  }
  return { skills, problems };
}

function textOf(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, 'utf8') : undefined;
}

export const toLine = ({ file, line, message }: SkillProblem): string => `${file}:${line}: ${message}`;

/** As `findSkills`, for the start. Throws one error that lists every problem of every skill. */
export function loadSkills(dir: URL | string = HOUSE_SKILLS): ReadonlyMap<string, Skill> {
  const { skills, problems } = findSkills(dir);
  if (problems.length > 0)
    throw new Error(`Skills in ${toFolder(dir)}:\n${problems.map((problem) => `- ${toLine(problem)}`).join('\n')}`);
  return skills;
}
