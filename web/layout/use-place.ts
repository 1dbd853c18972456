import { useCallback, useEffect, useState } from 'react';

/** What the page shows. */
export type Place =
  | { readonly page: 'start' }
  | { readonly page: 'job'; readonly jobId: string }
  | { readonly page: 'connections' }
  | { readonly page: 'connection'; readonly connectionId: string };

export const START: Place = { page: 'start' };
export const CONNECTIONS: Place = { page: 'connections' };
export const toJob = (jobId: string): Place => ({ page: 'job', jobId });
export const toConnection = (connectionId: string): Place => ({ page: 'connection', connectionId });

const CONNECTIONS_PATH = '/connections';

/** The address of a place, which is what people share and Slack links to. */
export function hrefOf(place: Place): string {
  if (place.page === 'job') return `/?job=${encodeURIComponent(place.jobId)}`;
  if (place.page === 'connections') return CONNECTIONS_PATH;
  if (place.page === 'connection') return `${CONNECTIONS_PATH}/${encodeURIComponent(place.connectionId)}`;
  return '/';
}

/** The place that an address names. */
export function readPlace({ pathname, search }: Pick<Location, 'pathname' | 'search'>): Place {
  const [, first, second] = pathname.split('/');
  if (first === 'connections') return second ? toConnection(decodeURIComponent(second)) : CONNECTIONS;
  const jobId = new URLSearchParams(search).get('job');
  return jobId ? toJob(jobId) : START;
}

/** The place named in the address, kept in step with the back and forward buttons. */
export function usePlace(): [Place, (place: Place) => void] {
  const [place, setPlace] = useState(() => readPlace(location));
  useEffect(() => {
    const change = () => setPlace(readPlace(location));
    addEventListener('popstate', change);
    return () => removeEventListener('popstate', change);
  }, []);
  const go = useCallback((next: Place) => {
    history.pushState(null, '', hrefOf(next));
    setPlace(next);
  }, []);
  return [place, go];
}
