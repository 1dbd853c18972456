import { describe, expect, it } from '@jest/globals';
import type { JobStatus } from '../../contracts/orchestration.ts';
import { ApiProblemError, UnreachableError } from '../../web/api/problem.ts';
import { followJob } from '../../web/job/follow-job.ts';
import type { JobProgress } from '../../web/job/job-progress.ts';
import { newJob } from './scripted-nubabel.ts';

const refused = (status: number) => new ApiProblemError({ type: 'about:blank', title: '', status, detail: 'No.' });
const at = (progress: number) => newJob({ status: 'running', progress });
const done = newJob({ status: 'completed', progress: 100 });

/** Follows a job whose answers are scripted and whose waits take no time. */
async function follow(answers: (JobStatus | Error)[], openStream: () => Response) {
  const seen: JobProgress[] = [];
  const end = await followJob({
    jobId: 'job-1',
    signal: new AbortController().signal,
    onChange: (progress) => seen.push(progress),
    wait: () => new Promise((resolve) => setImmediate(resolve)),
    api: {
      status: async () => {
        const next = answers.length > 1 ? answers.shift() : answers[0];
        if (next instanceof Error) throw next;
        return next ?? done;
      },
      jobEvents: () => async () => openStream(),
    },
  });
  return { end, seen };
}

describe('following a job', () => {
  it('polls to the end when the stream cannot be had', async () => {
    const { end, seen } = await follow([at(10), at(50), done], () => {
      throw refused(404);
    });
    expect(end).toMatchObject({ connection: 'done', status: { status: 'completed' } });
    expect(seen.some(({ connection }) => connection === 'live')).toBe(false);
  });

  it('keeps going through lost answers', async () => {
    const { end, seen } = await follow([at(10), new UnreachableError('away'), done], () => {
      throw new UnreachableError('away');
    });
    expect(seen.some(({ error }) => error instanceof UnreachableError)).toBe(true);
    expect(end).toMatchObject({ connection: 'done', error: undefined });
  });

  it('looks once more after the last event, until the result is there', async () => {
    const event = {
      id: 1,
      type: 'orchestration_completed',
      at: '',
      jobId: 'job-1',
      sessionId: null,
      status: 'completed',
    };
    const { end } = await follow(
      [at(10), at(99), at(99), done],
      () => new Response(`data: ${JSON.stringify(event)}\n\n`),
    );
    expect(end.status?.status).toBe('completed');
  });

  it('stops at once when the job is not there', async () => {
    const { end } = await follow([refused(404)], () => {
      throw refused(404);
    });
    expect(end).toMatchObject({ connection: 'done', status: undefined, error: { message: 'No.' } });
  });
});
