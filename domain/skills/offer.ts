import type { AgentDefinition, Skill } from '../../contracts/agents.ts';

/** The local tool that loads a skill whole. It reads and changes nothing. */
export const LOAD_SKILL = 'skills__load';

export const loadSkillTool = {
  name: LOAD_SKILL,
  description:
    'Loads a skill: instructions for one kind of work, written by people of this company. Load it before you begin such work, and follow it.',
  inputSchema: {
    type: 'object',
    properties: { name: { type: 'string', description: 'The name of the skill, as it is listed.' } },
    required: ['name'],
    additionalProperties: false,
  },
} as const;

/** What skills may take of every system prompt: they are offered by name and only loaded when used. */
const MAX_OFFERED = 50;
const MAX_LETTERS = 8_000;

/** Whether an allow-list lets a skill pass: by its name, by `prefix-*`, or by `*`. */
const matchesName = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name));

/**
 * The skills that an agent is offered, by name. An organization's skill stands in for the house's of the same name.
 * Where there are too many, those that the request or its analysis names come first, then the organization's own.
 */
export function offeredSkills(
  agent: Pick<AgentDefinition, 'skills'>,
  request: { readonly message: string; readonly named: readonly string[] },
  house: readonly Skill[],
  own: readonly Skill[],
): Skill[] {
  const all = [...new Map([...house, ...own].map((skill) => [skill.name, skill])).values()];
  const named = new Set(request.named.map(hyphenated));
  const message = request.message.toLowerCase();
  const rank = ({ name, source }: Skill) =>
    named.has(name) || isNamedIn(message, name) ? 0 : source === 'organization' ? 1 : 2;
  const allowed = all
    .filter(({ name }) => matchesName(agent.skills, name))
    .sort((a, b) => rank(a) - rank(b) || byName(a, b));
  let letters = 0;
  return allowed
    .slice(0, MAX_OFFERED)
    .filter((skill) => (letters += lineOf(skill).length) <= MAX_LETTERS)
    .sort(byName);
}

/** Whether every word of a skill's name stands in the message, wherever. */
const isNamedIn = (message: string, name: string): boolean =>
  name.split(/[-_]+/).every((word) => word !== '' && message.includes(word));

const hyphenated = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, '-');

const byName = (a: Skill, b: Skill): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

const lineOf = ({ name, description }: Skill): string => `- ${name}: ${description}`;

/** The part of a system prompt that offers skills; empty without any. */
export const skillsPrompt = (offered: readonly Skill[]): string =>
  offered.length === 0
    ? ''
    : [
        `When one of these skills fits the work, load it with ${LOAD_SKILL} before you begin:`,
        ...offered.map(lineOf),
      ].join('\n');

/** Longest text of a loaded skill, bytes. */
const MAX_LOADED = 100 * 1_024;

/** What `skills__load` answers: the skill whole, or which ones there are. Only what was offered can be loaded. */
export function loadSkill(input: Readonly<Record<string, unknown>>, offered: readonly Skill[]) {
  const { name } = input;
  const skill = offered.find((one) => one.name === name);
  if (!skill) {
    const names = offered.map((one) => one.name).join(', ') || 'none';
    return { text: `There is no skill ${JSON.stringify(name) ?? 'without a name'}. Offered: ${names}.`, isError: true };
  }
  const files = skill.files.length > 0 ? `\n\nFiles beside it, which you cannot read: ${skill.files.join(', ')}` : '';
  return { text: bounded(`# Skill: ${skill.name}\n\n${skill.body}${files}`), isError: false };
}

const CUT = '\n\n[The rest of this skill is left out: it is too long.]';

function bounded(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= MAX_LOADED) return text;
  const room = bytes.subarray(0, MAX_LOADED - Buffer.byteLength(CUT));
  return `${room.toString('utf8').replace(/\uFFFD+$/, '')}${CUT}`;
}
