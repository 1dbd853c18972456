import type { Ending } from '../../contracts/workflow.ts';
import { store } from '../proxies.ts';
import type { Job } from './job.ts';
import { makeCalls } from './tool-calls.ts';

/** A job that is nothing but one call, under the same policy and ledger as an agent's. */
export async function runToolJob(job: Job): Promise<Ending> {
  const { calls } = await store.prepareToolJob.executeWithOptions({ summary: 'Look at the call' }, [job.target]);
  if (calls.length === 0) return { kind: 'failed', code: 'tool_missing' };
  job.changed();
  const end = await makeCalls(job, undefined, calls);
  // What the call came to stands with it; the end reads it there.
  if (!end || end.status === 'done') return { kind: 'worked' };
  if (end.reason === 'stopped') return { kind: 'stopped' };
  return end.reason === 'not_approved' ? { kind: 'expired' } : { kind: 'failed', code: end.reason };
}
