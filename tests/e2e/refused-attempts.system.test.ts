import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { askBy, auditOf, waits } from '../support/approvals.ts';
import { json } from '../support/doors.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import { plannedBy } from '../support/replies.ts';

let nubabel: Nubabel;
let owner: Person;
beforeAll(async () => {
  nubabel = await startSharedNubabel({ model: { respond: plannedBy([{ id: 'look' }]) } });
  owner = await addPerson(nubabel);
}, 90_000);
afterAll(() => nubabel?.close());

/** What can be tried with the work of somebody else, and what each is called in the audit. */
const TRIED = {
  steer: ['job.steer', { message: 'Leave it all out' }],
  undo: ['effects.undo', {}],
  cancel: ['approval.decide', { hash: 'never shown' }],
  approve: ['approval.decide', { hash: 'never shown', edits: { steps: [{ id: 'look', title: 'Not yours' }] } }],
} as const;

/** Everything that an accepted one of them leaves behind. */
const keptOf = (jobId: string) =>
  nubabel.database.look(
    `select 'steering' as kept from steering where orchestration_id = $1
     union all select 'edits' from plan_edits where orchestration_id = $1
     union all select kind from inbox where orchestration_id = $1 and kind <> 'request'`,
    [jobId],
  );

it.each([
  ['user', 404],
  ['guest', 403],
] as const)('what a %s who may not tries with work is written down and kept nowhere', async (role, status) => {
  const jobId = await askBy(owner, `Mine alone, not of a ${role}`, { plan: 'always' });
  const shown = await waits(nubabel, jobId, 'plan');
  const stranger = await addPerson(nubabel, { role });
  for (const [verb, [, body]] of Object.entries(TRIED))
    expect([verb, (await stranger.request(`/api/jobs/${jobId}/${verb}`, json(body))).status]).toEqual([verb, status]);
  expect(await auditOf(nubabel, jobId)).toMatchObject(
    Object.values(TRIED).map(([action]) => ({ action, outcome: 'rejected', user_id: stranger.userId })),
  );
  expect(await keptOf(jobId)).toEqual([]);
  expect(await nubabel.status(jobId)).toMatchObject({ status: 'awaiting_approval', approval: shown.approval });
  const steered = await owner.request(`/api/jobs/${jobId}/steer`, json({ message: 'Mind the gap' }));
  expect(steered.status).toBe(202);
  expect(await keptOf(jobId)).toEqual([{ kept: 'steering' }]);
  expect((await owner.request(`/api/jobs/${jobId}/cancel`, json({}))).status).toBe(200);
  await nubabel.ended(jobId);
});
