import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { KillPoint } from '../../domain/kill-points.ts';
import { createFakeJira, type FakeJira } from '../fakes/jira/index.ts';
import type { Responder } from '../../dev/fakes/model/index.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { askerOf, specialist, toolCall } from '../support/replies.ts';
import { connectJira, effectsOf, setPolicy, toolEnv } from '../support/tools.ts';

let nubabel: Nubabel;
let jira: FakeJira;
beforeAll(async () => {
  [nubabel, jira] = await Promise.all([startNubabel({ env: toolEnv() }), createFakeJira()]);
  await connectJira(nubabel, jira);
  await setPolicy(nubabel, { risks: [], plans: 'never' });
}, 120_000);
afterAll(async () => {
  await nubabel?.close();
  await jira?.close();
});

/** What the model is asked for when the worker is given its moment to die. */
type Moment = 'change' | 'silence' | 'diagnosis';

/** Files one issue, falls silent, is diagnosed, and in its next try wants the very same again once. */
function forgetful(summary: string, reached: (moment: Moment) => void): Responder {
  let isDiagnosed = false;
  return (request) => {
    if (askerOf(request) === 'diagnosis') {
      isDiagnosed = true;
      reached('diagnosis');
      return { json: { rootCause: 'The turn was empty.', action: 'retry', change: 'Answer in words.', agent: null } };
    }
    if (request.schema) return specialist()(request);
    if (request.allToolResults.length === 0) {
      if (!isDiagnosed) reached('change');
      return toolCall('jira__createIssue', { summary });
    }
    if (isDiagnosed) return { text: 'It is filed.\nCONFIDENCE: 0.9' };
    reached('silence');
    return { text: '' };
  };
}

/** Lets the worker die by SIGKILL when it gets to this point after the model was asked for that. */
async function dieAt(point: KillPoint, moment: Moment, summary: string): Promise<string> {
  const marker = join(nubabel.dir, `${point}-${moment}.marker`);
  // A marker that is there lets everybody pass: the point is armed by taking it away.
  writeFileSync(marker, '');
  let isArmed = false;
  const arm = (reached: Moment): void => {
    if (isArmed || reached !== moment) return;
    isArmed = true;
    rmSync(marker);
  };
  nubabel.model.setResponder(forgetful(summary, arm));
  await nubabel.restart('worker', { NUBABEL_KILL_POINT: `${point}@${marker}` });
  const { jobId } = await nubabel.ask(summary, { agents: ['ops'] });
  expect(await nubabel.died('worker')).toBe('SIGKILL');
  await nubabel.start('worker');
  return jobId;
}

it.each<[KillPoint, Moment, string]>([
  ['after-effect-stored', 'change', 'as soon as the change is done'],
  ['after-model-answer', 'silence', 'with the answer that fails the try'],
  ['after-turn-stored', 'diagnosis', 'with the decision to try again'],
  ['after-reserve', 'diagnosis', 'right before the model is asked again'],
])(
  'a worker that dies %s after the %s, %s, tells the next try what was done, and it is not done again',
  async (point, moment) => {
    const summary = `Filed once, dead ${point} (${moment})`;
    const jobId = await dieAt(point, moment, summary);
    expect(await nubabel.ended(jobId, 90_000)).toMatchObject({ status: 'completed', effects: { done: 1, unknown: 0 } });
    expect(jira.issues.filter((issue) => issue.summary === summary)).toHaveLength(1);
    expect(await effectsOf(nubabel, jobId)).toMatchObject([{ state: 'DONE', tool: 'jira__createIssue' }]);
    const rounds = nubabel.model.requests.filter(({ schema, messages }) => {
      return !schema && messages.some(({ text }) => text.includes(summary));
    });
    const [next] = rounds.filter(({ userText }) => userText.includes('<earlier_call'));
    expect(next?.allToolResults).toEqual([]);
    expect(next?.userText).toMatch(/tool="jira__createIssue" outcome="happened"/);
    expect(next?.userText).toMatch(/OPS-\d+/);
    // The try that was told wanted it again all the same, and heard that it was not made.
    expect(rounds.at(-1)?.allToolResults[0]?.text).toMatch(/earlier try has made exactly this call/);
  },
  120_000,
);
