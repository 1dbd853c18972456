import { sql, type Selectable } from 'kysely';
import type { Skill } from '../../contracts/agents.ts';
import type { OrganizationTransaction } from '../organization.ts';
import type { SkillsTable } from '../tables/tools.ts';

/** A skill of the organization's own, with when it was last put. */
export interface OwnSkill extends Skill {
  readonly updatedAt: string;
}

const toSkill = ({ name, description, body, updated_at: at }: Selectable<SkillsTable>): OwnSkill => ({
  name,
  description,
  body,
  source: 'organization',
  files: [],
  updatedAt: at.toISOString(),
});

/** The organization's own skills, in the order of their names. */
export async function listSkills(trx: OrganizationTransaction): Promise<OwnSkill[]> {
  const rows = await trx.selectFrom('skills').selectAll().execute();
  return rows.map(toSkill).sort((a, b) => (a.name < b.name ? -1 : 1));
}

export async function findSkill(trx: OrganizationTransaction, name: string): Promise<OwnSkill | undefined> {
  const row = await trx.selectFrom('skills').selectAll().where('name', '=', name).executeTakeFirst();
  return row && toSkill(row);
}

export async function countOtherSkills(trx: OrganizationTransaction, name: string): Promise<number> {
  const { count } = await trx
    .selectFrom('skills')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('name', '<>', name)
    .executeTakeFirstOrThrow();
  return Number(count);
}

interface PutSkill extends Pick<Skill, 'name' | 'description' | 'body'> {
  readonly organizationId: string;
  readonly userId: string;
}

/** Makes or replaces a skill; safe to repeat. */
export async function putSkill(trx: OrganizationTransaction, given: PutSkill): Promise<OwnSkill> {
  const { organizationId, userId, name, description, body } = given;
  const row = await trx
    .insertInto('skills')
    .values({ organization_id: organizationId, name, description, body, updated_by: userId })
    .onConflict((conflict) =>
      conflict.columns(['organization_id', 'name']).doUpdateSet((eb) => ({
        description: eb.ref('excluded.description'),
        body: eb.ref('excluded.body'),
        updated_by: eb.ref('excluded.updated_by'),
        updated_at: sql<string>`now()`,
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
  return toSkill(row);
}

/** Whether there was such a skill. */
export async function deleteSkill(trx: OrganizationTransaction, name: string): Promise<boolean> {
  const { numDeletedRows } = await trx.deleteFrom('skills').where('name', '=', name).executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}
