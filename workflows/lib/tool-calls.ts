import { isCancellation } from '@temporalio/workflow';
import type { CallOutcome, CallOutline, Ending, StepResult } from '../../contracts/workflow.ts';
import { store, tools } from '../proxies.ts';
import { errorCodeOf } from './failures.ts';
import type { Job } from './job.ts';
import { askHuman } from './questions.ts';
import { failed, skipped } from './step-graph.ts';

/** Questions about one call, before it is left open. */
const MAX_QUESTIONS = 5;

/**
 * Runs the calls of one turn: humans are asked first where they have to be, all at once; then what only reads runs side
 * by side, and what changes something one after the other. Answers how the step ends when it cannot go on.
 */
export async function runCalls(
  job: Job,
  step: string | undefined,
  calls: readonly CallOutline[],
): Promise<StepResult | undefined> {
  const open = calls.filter(({ settled }) => !settled);
  const asked = open.filter(({ asks }) => asks);
  const answer = asked.length > 0 ? await askAboutCalls(job, step, asked) : 'run';
  if (typeof answer === 'object') return answer;
  const wanted = answer === 'run' ? open : open.filter(({ asks }) => !asks);
  const ends = await Promise.all(wanted.filter(({ reads }) => reads).map((call) => runCall(job, step, call)));
  for (const call of wanted.filter(({ reads }) => !reads)) {
    if (ends.some((end) => end !== undefined)) break;
    ends.push(await runCall(job, step, call));
  }
  return ends.find((end) => end !== undefined);
}

/** One question for all of them, with exactly what would be done. */
async function askAboutCalls(
  job: Job,
  step: string | undefined,
  asked: readonly CallOutline[],
): Promise<'run' | 'without' | StepResult> {
  const calls = asked.map(({ id }) => id);
  const end = (as: 'declined' | 'cancelled') => store.closeCalls({ ...job.target, calls, as });
  const answer = await askHuman(job, { kind: 'tool', calls, ...(step && { step }) });
  if (answer === 'approve') return 'run';
  if (answer === 'skip') {
    await end('declined');
    return 'without';
  }
  await end('cancelled');
  if (answer === 'expired') return failed('not_approved');
  if (answer === 'stop') job.steering.stop();
  return skipped('stopped');
}

/** Runs one call; undefined when the work goes on, whatever the call came to. */
async function runCall(job: Job, step: string | undefined, call: CallOutline): Promise<StepResult | undefined> {
  for (let questions = 0; questions < MAX_QUESTIONS; questions++) {
    const { status } = await callOnce(job, call);
    if (status === 'done' || status === 'failed') return undefined;
    const about = { calls: [call.id], ...(step && { step }) };
    const end =
      status === 'unknown'
        ? await askAboutEffect(job, call, about)
        : await askToReconnect(job, call, { ...about, unlessReconnected: questions === 0 });
    if (end !== 'again') return end === 'go_on' ? undefined : end;
  }
  return undefined;
}

async function callOnce(job: Job, { id, tool, queue }: CallOutline): Promise<CallOutcome> {
  job.callsInFlight++;
  try {
    const options = { summary: `Call ${tool}`, taskQueue: queue };
    return await tools.callTool.executeWithOptions(options, [{ ...job.target, call: id }]);
  } catch (error) {
    if (isCancellation(error)) throw error;
    // What it was is kept with the activity; the agent is told that there is no answer.
    errorCodeOf(error);
    const { unknown } = await store.closeCalls({ ...job.target, calls: [id], as: 'failed' });
    return { status: unknown.length > 0 ? 'unknown' : 'failed' };
  } finally {
    job.callsInFlight--;
    job.changed();
  }
}

/** How a question about a call goes on: the call is made again, the work goes on without it, or the step ends. */
type CallResolution = 'again' | 'go_on' | StepResult;

/** It may have happened. A human looks there and says. */
async function askAboutEffect(
  job: Job,
  { id }: CallOutline,
  about: { calls: readonly string[]; step?: string },
): Promise<CallResolution> {
  const answer = await askHuman(job, { kind: 'effect', ...about });
  const settle = (verdict: 'done' | 'retry' | 'open') =>
    store.settleUnknownEffect({ ...job.target, call: id, verdict });
  if (answer === 'done') await settle('done');
  else if (answer === 'retry') await settle('retry');
  else await settle('open');
  if (answer === 'retry') return 'again';
  if (answer === 'stop') job.steering.stop();
  return answer === 'stop' || answer === 'withdrawn' ? skipped('stopped') : 'go_on';
}

/** The grant is over. Whoever renews it answers with that, and the same run goes on. */
async function askToReconnect(
  job: Job,
  { id }: CallOutline,
  about: { calls: readonly string[]; step?: string; unlessReconnected: boolean },
): Promise<CallResolution> {
  const answer = await askHuman(job, { kind: 'reconnect', ...about });
  if (answer === 'retry' || answer === 'approve') return 'again';
  const stops = answer === 'stop' || answer === 'withdrawn';
  await store.closeCalls({ ...job.target, calls: [id], as: stops ? 'cancelled' : 'failed' });
  if (answer === 'stop') job.steering.stop();
  return stops ? skipped('stopped') : 'go_on';
}

/** A job that is nothing but one call, under the same policy and ledger as an agent's. */
export async function runToolJob(job: Job): Promise<Ending> {
  const { calls } = await store.prepareToolJob.executeWithOptions({ summary: 'Look at the call' }, [job.target]);
  if (calls.length === 0) return { kind: 'failed', code: 'tool_missing' };
  job.changed();
  const end = await runCalls(job, undefined, calls);
  // What the call came to stands with it; the end reads it there.
  if (!end || end.status === 'done') return { kind: 'worked' };
  if (end.reason === 'stopped') return { kind: 'stopped' };
  return end.reason === 'not_approved' ? { kind: 'expired' } : { kind: 'failed', code: end.reason };
}
