import { describe, expect, it } from '@jest/globals';
import type { OrganizationEvent } from '../../contracts/events.ts';
import { FINAL_STATUSES, JOB_STATUSES } from '../../contracts/orchestration.ts';
import { INITIAL_PROGRESS, isFinalStatus, reduceProgress, type JobProgress } from '../../web/job/job-progress.ts';
import { newJob } from './scripted-nubabel.ts';

const running = (progress: number) => newJob({ status: 'running', progress, step: `at ${progress}` });
const live = (progress: number): JobProgress => ({ status: running(progress), connection: 'live', error: undefined });
const event = (given: Partial<OrganizationEvent>): OrganizationEvent => ({
  id: 1,
  type: 'orchestration_progress',
  at: '2026-01-01T00:00:00Z',
  jobId: 'job-1',
  sessionId: 'session-1',
  ...given,
});

describe('the progress of a job', () => {
  it('names the same endings as the contract', () => {
    expect(JOB_STATUSES.filter(isFinalStatus)).toEqual([...FINAL_STATUSES]);
  });

  it('moves ahead with an event before the next answer arrives', () => {
    const next = reduceProgress(live(20), { type: 'happened', event: event({ progress: 40, step: 'Finance' }) });
    expect(next.status).toMatchObject({ progress: 40, step: 'Finance', status: 'running' });
  });

  it('does not fall back when the stream replays what happened before', () => {
    const replayed = event({ progress: 5, step: 'Received', status: 'pending' });
    const before = live(60);
    expect(reduceProgress(before, { type: 'happened', event: replayed })).toEqual(before);
  });

  it('keeps the bar ahead of an answer that left earlier, yet takes everything else from it', () => {
    const late = { ...running(30), costCents: 4 };
    const next = reduceProgress(live(50), { type: 'answered', status: late });
    expect(next.status).toMatchObject({ progress: 50, step: 'at 50', costCents: 4 });
  });

  it('leaves an ending to the answer that brings its result', () => {
    const ended = event({ type: 'orchestration_completed', status: 'completed', progress: 100 });
    expect(reduceProgress(live(90), { type: 'happened', event: ended }).status?.status).toBe('running');
  });

  it('is done with a final answer, and stays so', () => {
    const done = reduceProgress(live(90), { type: 'answered', status: newJob({ status: 'partial' }) });
    expect(done.connection).toBe('done');
    expect(reduceProgress(done, { type: 'disconnected' })).toBe(done);
  });

  it('forgets a passing failure with the next answer and ends with a lasting one', () => {
    const error = new Error('away');
    const lost = reduceProgress(live(10), { type: 'refused', error, lasting: false });
    expect(lost).toMatchObject({ connection: 'live', error });
    expect(reduceProgress(lost, { type: 'answered', status: running(11) }).error).toBeUndefined();
    expect(reduceProgress(INITIAL_PROGRESS, { type: 'refused', error, lasting: true }).connection).toBe('done');
  });
});
