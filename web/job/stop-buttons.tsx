import { useMutation } from '@tanstack/react-query';
import { useApi } from '../api/api-context.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { useText } from '../text/text-context.tsx';

/** The two ways to end work early: let what runs finish and keep it, or drop everything now. */
export function StopButtons({ jobId }: { readonly jobId: string }) {
  const api = useApi();
  const { text } = useText();
  const stop = useMutation({ mutationFn: () => api.steer(jobId, { message: '', mode: 'stop' }) });
  const cancel = useMutation({ mutationFn: () => api.cancel(jobId, {}) });
  const stopping = stop.isPending || stop.isSuccess;
  const cancelling = cancel.isPending || cancel.isSuccess;
  const error = cancel.error ?? stop.error;
  return (
    <>
      <button type="button" className="button" disabled={stopping || cancelling} onClick={() => stop.mutate()}>
        {stopping ? text.steer.stopping : text.steer.stop}
      </button>
      <button type="button" className="button" disabled={cancelling} onClick={() => cancel.mutate()}>
        {cancelling ? text.job.cancelling : text.job.cancel}
      </button>
      {error && <ProblemNote error={error} />}
    </>
  );
}
