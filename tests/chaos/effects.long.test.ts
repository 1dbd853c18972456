import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isFinal } from '../../contracts/orchestration.ts';
import { NOTION } from '../../dev/fakes/notion/index.ts';
import { riskOf } from '../../domain/tools/offers.ts';
import { providers } from '../../adapters/mcp/servers/index.ts';
import { createRandom } from '../../tools/routing/random.ts';
import { wrongsOf, type Deed } from '../support/effects-score.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { callTool, effectsOf, setPolicy, toolEnv, waits } from '../support/tools.ts';
import { openWriters, type Writer, type Writers } from '../support/writers.ts';

const SEED = Number(process.env['NUBABEL_TEST_SEED'] ?? 20261121);
const JOBS = 100;
const KILLS = 15;

let nubabel: Nubabel;
let stage: Writers;
beforeAll(async () => {
  nubabel = await startNubabel({ env: toolEnv() });
  stage = await openWriters(nubabel);
  await setPolicy(nubabel, { risks: [] });
  for (const nth of [1, 2]) {
    await callTool(nubabel, 'linear__createIssue', { team: 'OPS', title: `Old ${nth}` });
    await callTool(nubabel, 'jira__createIssue', { project: 'OPS', summary: `Old ${nth}` });
  }
}, 180_000);
afterAll(async () => {
  await nubabel?.close();
  await stage?.close();
});

const begin = async (tool: string, args: Record<string, unknown>, more: object = {}): Promise<string> => {
  const { status, body } = await callTool(nubabel, tool, args, { waitMs: 0, ...more });
  if (typeof body.jobId !== 'string') throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body.jobId;
};
let deaths = 0;
/** Lets a worker die at this point of what is begun, by SIGKILL; no worker is left. */
async function dieAt<T>(point: string, work: () => Promise<T>): Promise<T> {
  const marker = join(nubabel.dir, `${point}-${++deaths}.marker`);
  await nubabel.restart('worker', { NUBABEL_KILL_POINT: `${point}@${marker}` });
  const begun = await work();
  expect(await nubabel.died('worker')).toBe('SIGKILL');
  return begun;
}
const doneOnce = async (jobId: string, tool: string): Promise<void> => {
  const { status } = await nubabel.ended(jobId, 120_000);
  const states = (await effectsOf(nubabel, jobId)).map(({ state }) => state);
  expect({ tool, status, states }).toEqual({ tool, status: 'completed', states: ['DONE'] });
};
const undo = async (jobId: string): Promise<void> => {
  expect((await nubabel.request(`/api/jobs/${jobId}/undo`, { method: 'POST' })).status).toBe(202);
};
const undone = (jobId: string) =>
  eventually(`the undo of ${jobId}`, async () => (await effectsOf(nubabel, jobId))[0]?.undo === 'DONE', 120_000);

/** What happened at every provider while something ran, and that none of it happened twice. */
async function changesDuring(work: () => Promise<void>): Promise<Record<string, number>> {
  const scores = Object.entries(stage.scores);
  const before = scores.map(([, score]) => score.changes().length);
  await work();
  return Object.fromEntries(
    scores.map(([provider, score], nth) => {
      const made = score.changes().slice(before[nth]);
      expect(made).toEqual([...new Set(made)]);
      return [provider, made.length];
    }),
  );
}
const oncePer = (writers: readonly Writer[]): Record<string, number> => {
  const counts = Object.fromEntries(Object.keys(stage.scores).map((provider) => [provider, 0]));
  for (const { provider } of writers) counts[provider] = (counts[provider] ?? 0) + 1;
  return counts;
};
const ofSlack = ({ provider }: Writer): boolean => provider === 'slack';

/** Commits the work of all at their providers, kills the worker before it hears of it, and starts another. */
async function dieAfterAll(writers: readonly Writer[], work: (one: Writer) => Promise<void>): Promise<void> {
  const quiet = writers.filter((one) => !ofSlack(one));
  const before = quiet.map(({ provider }) => stage.scores[provider]?.changes().length ?? 0);
  const counts = oncePer(quiet);
  for (const [provider, times] of Object.entries(counts)) if (times > 0) stage.scores[provider]?.silence?.(times);
  await Promise.all(quiet.map(work));
  await eventually(
    'the commits',
    () =>
      quiet.every(
        ({ provider }, nth) =>
          (stage.scores[provider]?.changes().length ?? 0) >= (before[nth] ?? 0) + (counts[provider] ?? 0),
      ),
    60_000,
  );
  await nubabel.kill('worker');
  for (const one of writers.filter(ofSlack)) await dieAt('after-effect', () => work(one));
  await nubabel.start('worker');
}

describe('every tool of ours that changes something', () => {
  it('is tried here', () => {
    const writing = providers.flatMap(({ provider, tools }) =>
      tools.filter(({ annotations }) => riskOf(annotations, true) !== 'read').map(({ name }) => `${provider}__${name}`),
    );
    expect(stage.writers.map(({ tool }) => tool).toSorted()).toEqual(writing.toSorted());
  });

  const jobs = new Map<string, string>();
  it('makes its effect once when the worker dies between the commit and its own note', async () => {
    const made = await changesDuring(async () => {
      await dieAfterAll(stage.writers, async ({ tool, args }) => void jobs.set(tool, await begin(tool, args(1))));
      for (const [tool, jobId] of jobs) await doneOnce(jobId, tool);
    });
    expect(made).toEqual(oncePer(stage.writers));
  }, 300_000);

  it('and is taken back once when the worker dies between that commit and its own note', async () => {
    const undoable = stage.writers;
    const made = await changesDuring(async () => {
      await dieAfterAll(undoable, ({ tool }) => undo(jobs.get(tool) ?? ''));
      for (const jobId of jobs.values()) await undone(jobId);
    });
    expect(made).toEqual(oncePer(undoable));
  }, 300_000);

  it('makes its effect once when the worker dies just before it sends', async () => {
    const begun: [string, string][] = [];
    const die = async ({ tool, args }: Writer) =>
      void begun.push([tool, await dieAt('before-effect', () => begin(tool, args(2)))]);
    const made = await changesDuring(async () => {
      for (const one of stage.writers.filter(({ again }) => !again)) await die(one);
      await nubabel.start('worker');
      for (const [tool, jobId] of begun.splice(0)) await doneOnce(jobId, tool);
      for (const one of stage.writers.filter(({ again }) => again)) {
        await die(one);
        await nubabel.start('worker');
        for (const [tool, jobId] of begun.splice(0)) await doneOnce(jobId, tool);
      }
    });
    expect(made).toEqual(oncePer(stage.writers));
  }, 600_000);
});

describe('a worker that is stopped for longer than its heartbeats', () => {
  it('sends nothing more when it goes on, because another one has made the call', async () => {
    const title = 'Slept through';
    stage.notion.failNext(/^GET \/databases/, { delayMs: 3_000 });
    const jobId = await begin('notion__createTask', { database: NOTION.tasks, title });
    const sent = `select 1 from effects where orchestration_id = $1 and sent_at is not null`;
    await eventually('the claim', async () => (await nubabel.database.look(sent, [jobId])).length > 0);
    nubabel.signal('worker', 'SIGSTOP');
    await nubabel.start('worker-2');
    await doneOnce(jobId, 'notion__createTask');
    await nubabel.kill('worker-2');
    nubabel.signal('worker', 'SIGCONT');
    await doneOnce(await begin('notion__createTask', { database: NOTION.tasks, title: 'Awake again' }), 'notion');
    expect(stage.timesMade(title)).toBe(1);
    expect(await nubabel.status(jobId)).toMatchObject({ status: 'completed', effects: { done: 1, unknown: 0 } });
  }, 180_000);
});

const CREATES: ((title: string) => readonly [string, Record<string, unknown>])[] = [
  (title) => ['notion__createTask', { database: NOTION.tasks, title }],
  (title) => ['linear__createIssue', { team: 'ENG', title }],
  (title) => ['jira__createIssue', { project: 'OPS', summary: title }],
  (title) => ['github__createIssue', { owner: 'acme', repo: 'app', title }],
  (title) => ['slack__postMessage', { channel: 'C_LAUNCH', text: title }],
];

const deedOf = async (jobId: string, name: string): Promise<Deed> => {
  const { status, approval } = await nubabel.status(jobId);
  return {
    name,
    status,
    asked: approval?.kind,
    effects: await effectsOf(nubabel, jobId),
    times: stage.timesMade(name),
  };
};

describe(`${JOBS} changes while ${KILLS} processes are killed at random (seed ${SEED})`, () => {
  it('are made at most once each, and what the ledger says is true', async () => {
    const random = createRandom(SEED);
    const jobs = new Map<string, string>();
    await nubabel.start('worker-2');
    const people = (async () => {
      for (let nth = 0; nth < JOBS; nth++) {
        const title = `Random ${nth}`;
        const [tool, args] = CREATES[nth % CREATES.length]?.(title) ?? ['', {}];
        const again = { idempotencyKey: `random-${nth}` };
        await eventually(
          `${title} to be accepted`,
          () =>
            begin(tool, args, again).then(
              (jobId) => jobs.set(title, jobId),
              () => false,
            ),
          120_000,
        );
      }
    })();
    for (let kill = 1; kill <= KILLS; kill++) {
      const due = Math.floor((JOBS * kill) / (KILLS + 1));
      await eventually(`request ${due}`, () => jobs.size >= due, 120_000);
      const victim = (['worker', 'worker-2', 'worker', 'worker-2', 'api', 'temporal'] as const)[
        Math.floor(random() * 6)
      ];
      await nubabel.kill(victim ?? 'worker');
      await nubabel.start(victim ?? 'worker');
    }
    await people;
    const deeds: Deed[] = [];
    for (const [title, jobId] of jobs) {
      await nubabel.jobWhen(jobId, (job) => isFinal(job.status) || waits(job), 240_000);
      deeds.push(await deedOf(jobId, title));
    }
    expect(deeds.flatMap(wrongsOf)).toEqual([]);
    const unknown = deeds.filter(({ effects }) => effects[0]?.state === 'UNKNOWN').length;
    const failed = deeds.filter(({ status }) => status === 'failed').length;
    process.stderr.write(
      `random effects: seed ${SEED}, ${deeds.length} jobs, ${KILLS} kills, made twice 0, unknown ${unknown}, failed ${failed}\n`,
    );
  }, 600_000);

  it('would be seen to be made twice if a worker skipped the claim', async () => {
    const title = 'Without a claim';
    stage.scores['github']?.silence?.(1);
    const jobId = await begin('github__createIssue', { owner: 'acme', repo: 'app', title });
    await eventually('the commit', () => stage.timesMade(title) === 1);
    await Promise.all([nubabel.kill('worker'), nubabel.kill('worker-2')]);
    // As if nobody had ever written it down before it was sent.
    await nubabel.database.look('delete from effects where orchestration_id = $1', [jobId]);
    await nubabel.start('worker');
    await nubabel.ended(jobId, 60_000);
    expect(wrongsOf(await deedOf(jobId, title))).toEqual([`${title} was made 2 times`]);
  }, 120_000);
});
