import { SkillName, type Skill, type SkillView } from '../../contracts/agents.ts';
import { isStorableText, NOT_TEXT } from '../../contracts/json.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import {
  countOtherSkills,
  deleteSkill,
  findSkill,
  listSkills,
  putSkill,
  type OwnSkill,
} from '../../db/queries/skills.ts';
import { readSkill } from './read-skill.ts';
import { audit } from '../audit.ts';
import type { DatabaseDeps } from '../deps.ts';
import type { SkillCatalogue } from './catalogue.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';

export interface SkillDeps extends DatabaseDeps {
  /** The skills that come with the product. */
  readonly skills: SkillCatalogue;
}

/** An organization that needs more has other trouble: all of them are read for every turn of an agent. */
const MAX_OWN_SKILLS = 200;

const noSuch = () => new RequestError('not-found', 'There is no skill of this name in your organization.');

/** Any other name is answered as a missing one is. */
const isName = (name: string): boolean => SkillName.safeParse(name).success;

const toView = (skill: Skill | OwnSkill): SkillView => ({ updatedAt: null, ...skill });

/** Built-in and own skills by name; an own one replaces the built-in of the same name. */
export async function listAllSkills({ db, skills }: SkillDeps, organizationId: string): Promise<SkillView[]> {
  const own = await withOrganization(db, organizationId, listSkills);
  const all = new Map([...skills.list(), ...own].map((skill) => [skill.name, toView(skill)]));
  return [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws RequestError when there is none. */
export async function getSkill({ db, skills }: SkillDeps, organizationId: string, name: string): Promise<SkillView> {
  if (!isName(name)) throw noSuch();
  const own = await withOrganization(db, organizationId, (trx) => findSkill(trx, name));
  const skill = own ?? skills.find(name);
  if (!skill) throw noSuch();
  return toView(skill);
}

/** Makes or replaces a skill of the organization. @throws RequestError with the lines that are wrong. */
export async function setSkill({ db }: SkillDeps, by: Principal, name: string, text: string): Promise<SkillView> {
  if (!isStorableText(text)) throw refused([{ path: 'text', message: NOT_TEXT }]);
  const reading = readSkill(text, name);
  if ('mistakes' in reading)
    throw refused(reading.mistakes.map(({ line, message }) => ({ path: 'text', message: `line ${line}: ${message}` })));
  const { organizationId, userId } = by;
  return withOrganization(db, organizationId, async (trx) => {
    if ((await countOtherSkills(trx, name)) >= MAX_OWN_SKILLS)
      throw new RequestError('conflict', `There are ${MAX_OWN_SKILLS} skills already. Delete one first.`);
    const skill = await putSkill(trx, { organizationId, userId, ...reading });
    await auditSkill(trx, by, 'skill.put', skill);
    return toView(skill);
  });
}

const refused = (errors: { path: string; message: string }[]) =>
  new RequestError('invalid-request', errors.map(({ path, message }) => `${path}: ${message}`).join('; '), errors);

/** Deletes a skill of the organization; the built-in of the same name is back then. @throws RequestError */
export const removeSkill = ({ db, skills }: SkillDeps, by: Principal, name: string): Promise<void> =>
  withOrganization(db, by.organizationId, async (trx) => {
    if (!isName(name)) throw noSuch();
    const own = await findSkill(trx, name);
    if (!own && skills.find(name))
      throw new RequestError(
        'conflict',
        `${name} is a built-in skill and cannot be deleted. PUT one of the same name, and it is used instead.`,
      );
    if (!own || !(await deleteSkill(trx, name))) throw noSuch();
    await auditSkill(trx, by, 'skill.delete', own);
  });

const auditSkill = (trx: OrganizationTransaction, by: Principal, action: string, { name, description, body }: Skill) =>
  audit(trx, by, action, name, { description, letters: body.length });
