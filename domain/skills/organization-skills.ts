import { randomUUID } from 'node:crypto';
import { SkillName, type Skill, type SkillView } from '../../contracts/skills.ts';
import { isStorableText, NOT_TEXT } from '../../contracts/storable-text.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { insertAudit, type Principal } from '../../db/queries/people.ts';
import {
  countOtherSkills,
  deleteSkill,
  findSkill,
  listSkills,
  putSkill,
  type OwnSkill,
} from '../../db/queries/skills.ts';
import { readSkill } from './read-skill.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { ProblemError } from '../../api/problems.ts';

type Deps = Pick<ApiDeps, 'db' | 'skills'>;

/** An organization that needs more has other trouble: all of them are read for every turn of an agent. */
const MAX_OWN_SKILLS = 200;

const noSuch = () => new ProblemError('not-found', 'There is no skill of this name in your organization.');

/** Any other name is answered as a missing one is. */
const isName = (name: string): boolean => SkillName.safeParse(name).success;

const toView = (skill: Skill | OwnSkill): SkillView => ({ updatedAt: null, ...skill });

/** House and own skills by name; an own one stands in for the house's of the same name. */
export async function listAllSkills({ db, skills }: Deps, organizationId: string): Promise<SkillView[]> {
  const own = await withOrganization(db, organizationId, listSkills);
  const all = new Map([...skills.list(), ...own].map((skill) => [skill.name, toView(skill)]));
  return [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws ProblemError when there is none. */
export async function getSkill({ db, skills }: Deps, organizationId: string, name: string): Promise<SkillView> {
  if (!isName(name)) throw noSuch();
  const own = await withOrganization(db, organizationId, (trx) => findSkill(trx, name));
  const skill = own ?? skills.find(name);
  if (!skill) throw noSuch();
  return toView(skill);
}

/** Makes or replaces a skill of the organization. @throws ProblemError with the lines that are wrong. */
export async function setSkill({ db }: Deps, by: Principal, name: string, text: string): Promise<SkillView> {
  if (!isStorableText(text)) throw refused([{ path: 'text', message: NOT_TEXT }]);
  const reading = readSkill(text, name);
  if ('mistakes' in reading)
    throw refused(reading.mistakes.map(({ line, message }) => ({ path: 'text', message: `line ${line}: ${message}` })));
  const { organizationId, userId } = by;
  return withOrganization(db, organizationId, async (trx) => {
    if ((await countOtherSkills(trx, name)) >= MAX_OWN_SKILLS)
      throw new ProblemError('conflict', `There are ${MAX_OWN_SKILLS} skills already. Delete one first.`);
    const skill = await putSkill(trx, { organizationId, userId, ...reading });
    await audit(trx, by, 'skill.put', skill);
    return toView(skill);
  });
}

const refused = (errors: { path: string; message: string }[]) =>
  new ProblemError('invalid-request', errors.map(({ path, message }) => `${path}: ${message}`).join('; '), errors);

/** Deletes a skill of the organization; the house's of the same name is back then. @throws ProblemError */
export const removeSkill = ({ db, skills }: Deps, by: Principal, name: string): Promise<void> =>
  withOrganization(db, by.organizationId, async (trx) => {
    if (!isName(name)) throw noSuch();
    const own = await findSkill(trx, name);
    if (!own && skills.find(name))
      throw new ProblemError(
        'conflict',
        `${name} is a skill of the house and cannot be deleted. PUT one of the same name, and it is used instead.`,
      );
    if (!own || !(await deleteSkill(trx, name))) throw noSuch();
    await audit(trx, by, 'skill.delete', own);
  });

const audit = (trx: OrganizationTransaction, by: Principal, action: string, { name, description, body }: Skill) =>
  insertAudit(trx, {
    organization_id: by.organizationId,
    id: randomUUID(),
    user_id: by.userId,
    action,
    subject: name,
    outcome: 'done',
    details: JSON.stringify({ description, letters: body.length }),
  });
