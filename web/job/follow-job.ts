import type { Api } from '../api/client.ts';
import { followEvents } from '../api/event-stream.ts';
import { isLasting } from '../api/problem.ts';
import { wait as realWait, type Wait } from '../api/wait.ts';
import {
  INITIAL_PROGRESS,
  isEnding,
  reduceProgress,
  type JobProgress,
  type JobProgressAction,
} from './job-progress.ts';

const POLL_MS = 2_000;

interface FollowJobOptions {
  readonly api: Pick<Api, 'status' | 'jobEvents'>;
  readonly jobId: string;
  readonly signal: AbortSignal;
  readonly onChange: (progress: JobProgress) => void;
  readonly wait?: Wait;
}

/** Follows a job to its end: events when they flow, a look every two seconds while they do not. */
export async function followJob({
  api,
  jobId,
  signal,
  onChange,
  wait = realWait,
}: FollowJobOptions): Promise<JobProgress> {
  let progress = INITIAL_PROGRESS;
  let ending = false;
  const finished = new AbortController();
  const stop = AbortSignal.any([signal, finished.signal]);
  const apply = (action: JobProgressAction): void => {
    if (stop.aborted) return;
    progress = reduceProgress(progress, action);
    onChange(progress);
    if (progress.connection === 'done') finished.abort();
  };
  const refresh = oneAtATime(async () => {
    await api.status(jobId, stop).then(
      (status) => apply({ type: 'answered', status }),
      (error: Error) => apply({ type: 'refused', error, lasting: isLasting(error) }),
    );
  });
  const listen = () =>
    followEvents({
      open: api.jobEvents(jobId),
      signal: stop,
      wait,
      onConnection: (state) => apply({ type: state === 'live' ? 'connected' : 'disconnected' }),
      onEvent: (event) => {
        // Log lines change nothing of the status, and come twice a second.
        if (event.type === 'delegation_log') return;
        ending ||= isEnding(event);
        apply({ type: 'happened', event });
        void refresh();
      },
      // Without a stream the looks below go on; if the refusal concerns the job itself, they meet it too.
    }).catch(() => apply({ type: 'disconnected' }));
  const look = async (): Promise<void> => {
    await refresh();
    while (!stop.aborted) {
      await wait(POLL_MS, stop);
      if (progress.connection === 'polling' || ending) await refresh();
    }
  };
  await Promise.all([listen(), look()]);
  return progress;
}

/** Calls during a run lead to one more run after it, however many they are. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await work();
    } while (again);
    running = undefined;
  };
  return () => {
    again = true;
    running ??= run();
    return running;
  };
}
