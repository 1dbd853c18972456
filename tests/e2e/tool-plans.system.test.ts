import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createFakeJira, type FakeJira } from '../fakes/jira/index.ts';
import { createFakeLinear, type FakeLinear } from '../fakes/linear/index.ts';
import type { ModelRequest } from '../../dev/fakes/model/index.ts';
import { waits as waitsFor } from '../support/approvals.ts';
import { json } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import {
  analysisReply,
  askerOf,
  plannedBy,
  planReply,
  once,
  told,
  toolCall,
  type PlanStepReply,
  type StepReply,
} from '../support/replies.ts';
import { answer, callsOf, connect, connectJira, effectsOf, setPolicy } from '../support/tools.ts';

/** Plans with steps that call tools: what is checked, shown, asked and done. */
let nubabel: Nubabel;
let jira: FakeJira;
let linear: FakeLinear;
beforeAll(async () => {
  [nubabel, jira, linear] = await Promise.all([startSharedNubabel(), createFakeJira(), createFakeLinear()]);
  await connectJira(nubabel, jira);
  await connect(nubabel, {
    provider: 'linear',
    name: 'Linear of Acme',
    url: linear.graphqlUrl,
    auth: { kind: 'api_key', apiKey: linear.token },
    settings: { team: 'ENG' },
  });
}, 120_000);
afterAll(async () => {
  await nubabel?.close();
  await Promise.all([jira?.close(), linear?.close()]);
});
afterEach(() => setPolicy(nubabel, {}));

const FILE: PlanStepReply = { id: 'file', kind: 'tool', tool: 'jira__createIssue' };
const TRACK: PlanStepReply = { id: 'track', kind: 'tool', tool: 'linear__createIssue', needs: ['file'] };
const summaries = () => jira.issues.map(({ summary }) => summary);
const titles = () => linear.issues.map(({ title }) => title);

/** Asks for a plan of these steps; each step does as told, and says that it is done otherwise. */
async function planned(
  message: string,
  steps: readonly PlanStepReply[],
  work: Readonly<Record<string, StepReply>> = {},
) {
  nubabel.model.setResponder(
    plannedBy(steps, (id, request) => work[id]?.(request) ?? { text: `The part ${id} is done.\nCONFIDENCE: 0.8` }),
  );
  return (await nubabel.ask(message, { plan: 'always' })).jobId;
}
const agree = async (jobId: string, kind = 'plan') => {
  const asked = await waitsFor(nubabel, jobId, kind);
  expect(await answer(nubabel, asked)).toBe(200);
  return asked;
};
const undone = (jobId: string) =>
  eventually('everything taken back', async () =>
    (await effectsOf(nubabel, jobId)).every(({ undo }) => undo === 'DONE'),
  );
const questionsOf = (jobId: string) =>
  nubabel.database.look<{ kind: string }>('select kind from approvals where orchestration_id = $1 order by asked_at', [
    jobId,
  ]);

describe('a step that calls a tool', () => {
  it('is shown with its tool and no less risk than the tool has, is approved with the plan, and is taken back backwards', async () => {
    const jobId = await planned('File it and track it', [told(FILE, 'Planned bug'), told(TRACK, 'Planned work')], {
      file: once('jira__createIssue', { summary: 'Planned bug' }),
      track: once('linear__createIssue', { title: 'Planned work' }),
    });
    const asked = await agree(jobId);
    expect(asked.approval?.plan.steps).toMatchObject([
      { id: 'file', tool: 'jira__createIssue', risk: 'write' },
      { id: 'track', tool: 'linear__createIssue', risk: 'write' },
    ]);
    expect(asked.approval?.plan.steps?.every(({ estimate }) => estimate.cents > 0)).toBe(true);
    const done = await nubabel.ended(jobId);
    expect(done).toMatchObject({ status: 'completed', effects: { done: 2, undoable: 2 } });
    expect(await questionsOf(jobId)).toHaveLength(1);
    expect([summaries(), titles()]).toEqual([
      expect.arrayContaining(['Planned bug']),
      expect.arrayContaining(['Planned work']),
    ]);
    const offered = nubabel.model.requests.filter(({ userText }) => userText.startsWith('Do the part file'));
    expect(
      offered.flatMap(({ tools }) => tools.map(({ name }) => name)).every((name) => name !== 'linear__createIssue'),
    ).toBe(true);
    await nubabel.request(`/api/jobs/${jobId}/undo`, { method: 'POST' });
    await undone(jobId);
    expect(summaries()).not.toContain('Planned bug');
    const [gone] = linear.log.filter(({ changes }) => changes.length > 0).slice(-1);
    const [after] = jira.log.filter(({ changes }) => changes.length > 0).slice(-1);
    expect((gone?.at ?? '') <= (after?.at ?? '')).toBe(true);
    expect(await effectsOf(nubabel, jobId)).toMatchObject([{ undo: 'DONE' }, { undo: 'DONE' }]);
  });

  it('is sent back to the planner with a tool that is not there, and offered without a plan when it stays so', async () => {
    const wrong = [{ ...FILE, tool: 'jira__dropProject' }];
    const drafts: string[] = [];
    nubabel.model.setResponder((request) => {
      if (askerOf(request) === 'analysis') return analysisReply();
      if (askerOf(request) !== 'planner') return { text: 'Done.\nCONFIDENCE: 0.8' };
      drafts.push(request.userText);
      return planReply(drafts.length === 1 ? wrong : [FILE]);
    });
    const { jobId } = await nubabel.ask('Drop the project', { plan: 'always' });
    const asked = await waitsFor(nubabel, jobId, 'plan');
    expect(drafts[1]).toMatch(/jira__dropProject/);
    expect(drafts[1]).toMatch(/jira__createIssue/);
    await answer(nubabel, asked, { verdict: 'cancel' });
    await nubabel.ended(jobId);
    const stubborn = await planned('Drop it all the same', wrong);
    const offer = await nubabel.jobWhen(stubborn, ({ status }) => status === 'awaiting_approval');
    expect(offer.approval?.plan.steps).toBeUndefined();
    await answer(nubabel, offer, { verdict: 'cancel' });
    await nubabel.ended(stubborn);
  });

  it('may call no other tool', async () => {
    const jobId = await planned('Something else', [FILE], {
      file: ({ allToolResults: [result] }) =>
        result ? { text: `${result.text}\nCONFIDENCE: 0.5` } : toolCall('linear__createIssue', { title: 'Elsewhere' }),
    });
    await agree(jobId);
    const done = await nubabel.ended(jobId);
    expect(done.result?.primary_result).toMatch(/no tool/);
    expect(titles()).not.toContain('Elsewhere');
  });

  it('is asked about all the same when what it builds on comes from outside', async () => {
    const steps = [
      { id: 'read', kind: 'tool', tool: 'jira__getIssues' } as const,
      { ...told(FILE, 'As I was told'), needs: ['read'] },
    ];
    const jobId = await planned('Read, then file', steps, {
      read: once('jira__getIssues', {}),
      file: once('jira__createIssue', { summary: 'As I was told' }),
    });
    await agree(jobId);
    const asked = await agree(jobId, 'tool');
    expect(asked.approval?.plan.calls).toMatchObject([{ reasons: ['untrusted_input'] }]);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
  });

  it('decides what comes after it by its result', async () => {
    const steps = (when: string) => [told(FILE, 'Only this one'), { ...TRACK, when }];
    const work = {
      file: ({ allToolResults: [result] }: ModelRequest) =>
        result
          ? { text: `Filed.\n\`\`\`json\n{"filed": ${!result.isError}}\n\`\`\`\nCONFIDENCE: 0.9` }
          : toolCall('jira__createIssue', { summary: 'Only this one' }),
      track: once('linear__createIssue', { title: 'Only when it failed' }),
    };
    const jobId = await planned('Track it if it failed', steps('steps.file.data.filed == false'), work);
    await agree(jobId);
    expect(await nubabel.ended(jobId)).toMatchObject({
      status: 'completed',
      plan: { steps: [{ status: 'done' }, { status: 'skipped' }] },
    });
    expect(titles()).not.toContain('Only when it failed');
  });
});

describe('an agent in a plan', () => {
  it('is asked about each of its calls, whatever the plan said', async () => {
    const jobId = await planned('An agent files', [{ id: 'agent', risk: 'write' }], {
      agent: once('jira__createIssue', { summary: 'By an agent' }),
    });
    await agree(jobId);
    const asked = await agree(jobId, 'tool');
    expect(asked.approval?.plan.calls).toMatchObject([{ reasons: ['risk'] }]);
    await nubabel.ended(jobId);
    expect(summaries()).toContain('By an agent');
  });
});

describe('a plan with tools that is changed before it is approved', () => {
  it('keeps the risk of the tool, whatever the edit says, and runs as edited', async () => {
    const jobId = await planned('Edit, then go', [FILE], {
      file: once('jira__createIssue', { summary: 'As edited' }),
    });
    const { approval } = await waitsFor(nubabel, jobId, 'plan');
    const edits = { steps: [{ id: 'file', risk: 'read', instruction: 'Create the bug “As edited” and no other.' }] };
    const given = { approvalId: approval?.id, hash: approval?.hash, edits };
    expect((await nubabel.request(`/api/jobs/${jobId}/approve`, json(given))).status).toBe(200);
    const done = await nubabel.ended(jobId);
    expect(done).toMatchObject({ status: 'completed', plan: { revision: 2, steps: [{ risk: 'write' }] } });
    expect(await callsOf(nubabel, jobId)).toMatchObject([{ status: 'done', risk: 'write' }]);
    expect(summaries()).toContain('As edited');
  });

  it('says in a dry run which tools it would call, and calls none', async () => {
    const before = [jira.log.length, linear.log.length];
    nubabel.model.setResponder(plannedBy([FILE, TRACK]));
    const { jobId } = await nubabel.ask('What would you do?', { plan: 'always', dryRun: true });
    const { result } = await nubabel.ended(jobId);
    expect(result?.primary_result).toMatch(/jira__createIssue/);
    expect(result?.primary_result).toMatch(/linear__createIssue/);
    expect([jira.log.length, linear.log.length]).toEqual(before);
  });
});

describe('a step that goes wrong after its call', () => {
  it('is healed without doing or asking again what is done', async () => {
    let refused = 0;
    const jobId = await planned('Heal me', [told(FILE, 'Healed once')], {
      file: ({ allToolResults: { length } }) => {
        if (length === 0) return toolCall('jira__createIssue', { summary: 'Healed once' });
        return refused++ === 0
          ? { error: { status: 400, type: 'invalid_request_error', message: 'not this one' } }
          : undefined;
      },
    });
    await agree(jobId);
    const done = await nubabel.jobWhen(
      jobId,
      ({ status }) => ['completed', 'partial', 'failed'].includes(status),
      60_000,
    );
    expect(done).toMatchObject({ status: 'completed', healing: [{ status: 'succeeded' }] });
    expect(summaries().filter((one) => one === 'Healed once')).toHaveLength(1);
    expect(await effectsOf(nubabel, jobId)).toMatchObject([{ state: 'DONE', attempts: 1 }]);
    expect(await questionsOf(jobId)).toHaveLength(1);
  });

  it('that calls the same again and again is shown to a human', async () => {
    let rounds = 0;
    const jobId = await planned('In circles', [{ id: 'agent' }], {
      agent: () => (rounds++ < 8 ? toolCall('jira__getIssues', {}) : undefined),
    });
    const first = await nubabel.jobWhen(jobId, ({ status }) => status === 'awaiting_approval');
    if (first.approval?.kind === 'plan') await answer(nubabel, first);
    const asked = await waitsFor(nubabel, jobId, 'loop');
    expect(rounds).toBe(3);
    await answer(nubabel, asked, { choice: 'stop' });
    await nubabel.ended(jobId);
  });

  it('is stopped with what is there, and what was done can be taken back', async () => {
    const jobId = await planned(
      'Stop after the first',
      [told(FILE, 'Left behind'), { id: 'gate', kind: 'approval', needs: ['file'] }, { ...TRACK, needs: ['gate'] }],
      {
        file: once('jira__createIssue', { summary: 'Left behind' }),
      },
    );
    await agree(jobId);
    const gate = await waitsFor(nubabel, jobId, 'step');
    await answer(nubabel, gate, { verdict: 'cancel' });
    const ended = await nubabel.ended(jobId);
    expect(ended).toMatchObject({ status: 'cancelled', effects: { done: 1, undoable: 1 } });
    expect((await nubabel.request(`/api/jobs/${jobId}/undo`, { method: 'POST' })).status).toBe(202);
    await undone(jobId);
    expect(summaries()).not.toContain('Left behind');
  });
});
