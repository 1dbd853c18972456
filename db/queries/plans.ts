import type { Insertable, Selectable } from 'kysely';
import type { Approval } from '../../contracts/approval.ts';
import type { PlanEdits } from '../../contracts/plan.ts';
import type { OrganizationTransaction } from '../organization.ts';
import type { PlanEditsTable, PlansTable } from '../tables/plans.ts';

export type StoredPlan = Selectable<PlansTable>;

/** Safe to repeat: the first document of a revision is the revision. */
export const insertPlan = (trx: OrganizationTransaction, row: Insertable<PlansTable>) =>
  trx
    .insertInto('plans')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();

/** Every plan of an orchestration, refused ones too, in order. */
export const listPlans = (trx: OrganizationTransaction, orchestrationId: string): Promise<StoredPlan[]> =>
  trx.selectFrom('plans').selectAll().where('orchestration_id', '=', orchestrationId).orderBy('revision').execute();

/** The plan that runs, or would run. */
export const findPlan = (trx: OrganizationTransaction, orchestrationId: string): Promise<StoredPlan | undefined> =>
  trx
    .selectFrom('plans')
    .selectAll()
    .where('orchestration_id', '=', orchestrationId)
    .where('state', '=', 'adopted')
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst();

/** The plans that run, or would run, of several orchestrations at once, for lists. */
export const listPlansOf = (trx: OrganizationTransaction, orchestrationIds: string[]): Promise<StoredPlan[]> =>
  orchestrationIds.length === 0
    ? Promise.resolve([])
    : trx
        .selectFrom('plans')
        .selectAll()
        .distinctOn('orchestration_id')
        .where('orchestration_id', 'in', orchestrationIds)
        .where('state', '=', 'adopted')
        .orderBy('orchestration_id')
        .orderBy('revision', 'desc')
        .execute();

export const insertEdits = (trx: OrganizationTransaction, row: Insertable<PlanEditsTable>) =>
  trx.insertInto('plan_edits').values(row).execute();

/** Edits that came with an answer that does not count. */
export const deleteEdits = (trx: OrganizationTransaction, id: string) =>
  trx.deleteFrom('plan_edits').where('id', '=', id).execute();

export async function getEdits(trx: OrganizationTransaction, id: string): Promise<PlanEdits> {
  const row = await trx.selectFrom('plan_edits').select('edits').where('id', '=', id).executeTakeFirstOrThrow();
  return row.edits;
}

/** Keeps a question as it was asked; safe to repeat. */
export const insertApproval = (
  trx: OrganizationTransaction,
  key: { organizationId: string; orchestrationId: string },
  approval: Approval,
) =>
  trx
    .insertInto('approvals')
    .values({
      organization_id: key.organizationId,
      orchestration_id: key.orchestrationId,
      id: approval.id,
      kind: approval.kind,
      document: JSON.stringify(approval),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();

/** A question as it was shown, with what became of it. */
export async function findApproval(
  trx: OrganizationTransaction,
  orchestrationId: string,
  id: string,
): Promise<Approval | undefined> {
  const row = await trx
    .selectFrom('approvals')
    .select('document')
    .where('orchestration_id', '=', orchestrationId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row?.document;
}

/** Keeps what became of a question. */
export const setApproval = (trx: OrganizationTransaction, orchestrationId: string, approval: Approval) =>
  trx
    .updateTable('approvals')
    .set({
      document: JSON.stringify(approval),
      ...(approval.decision && { decided_at: approval.decision.at }),
    })
    .where('orchestration_id', '=', orchestrationId)
    .where('id', '=', approval.id)
    .execute();

/** The plan of a revision as it was shown to whoever has approved it; undefined when nobody has. */
export async function findApprovedPlan(
  trx: OrganizationTransaction,
  orchestrationId: string,
  revision: number,
): Promise<Approval['plan'] | undefined> {
  const rows = await trx
    .selectFrom('approvals')
    .select('document')
    .where('orchestration_id', '=', orchestrationId)
    .where('kind', 'in', ['plan', 'replan'])
    .where('decided_at', 'is not', null)
    .execute();
  return rows.find(({ document }) => document.plan.revision === revision && document.decision?.verdict === 'approve')
    ?.document.plan;
}
