import { useCallback, useEffect, useState } from 'react';

const readJob = (): string | undefined => new URLSearchParams(location.search).get('job') || undefined;

/** The address of a job on this page. */
export const jobHref = (jobId: string): string => `/?job=${encodeURIComponent(jobId)}`;

/** The job named in the address, kept in step with the back and forward buttons. */
export function useSelectedJob(): [string | undefined, (jobId: string | undefined) => void] {
  const [jobId, setJobId] = useState(readJob);
  useEffect(() => {
    const change = () => setJobId(readJob());
    addEventListener('popstate', change);
    return () => removeEventListener('popstate', change);
  }, []);
  const select = useCallback((next: string | undefined) => {
    history.pushState(null, '', next === undefined ? '/' : jobHref(next));
    setJobId(next);
  }, []);
  return [jobId, select];
}
