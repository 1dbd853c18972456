import { type MouseEvent, type ReactNode, useCallback, useEffect, useState } from 'react';

/** What the page shows. */
export type Route =
  | { readonly page: 'start' }
  | { readonly page: 'job'; readonly jobId: string }
  | { readonly page: 'connections' }
  | { readonly page: 'connection'; readonly connectionId: string }
  | { readonly page: 'missing' };

export const START: Route = { page: 'start' };
export const CONNECTIONS: Route = { page: 'connections' };
export const toJob = (jobId: string): Route => ({ page: 'job', jobId });
export const toConnection = (connectionId: string): Route => ({ page: 'connection', connectionId });

const CONNECTIONS_PATH = '/connections';

/** The address of a route, which is what people share and Slack links to. */
export function hrefOf(route: Route): string {
  if (route.page === 'job') return `/?job=${encodeURIComponent(route.jobId)}`;
  if (route.page === 'connections') return CONNECTIONS_PATH;
  if (route.page === 'connection') return `${CONNECTIONS_PATH}/${encodeURIComponent(route.connectionId)}`;
  return '/';
}

/** The route that an address names; `missing` for one that names nothing. */
export function parseRoute({ pathname, search }: Pick<Location, 'pathname' | 'search'>): Route {
  const [, first = '', second = '', ...more] = pathname.split('/');
  const connectionId = decoded(second);
  if (more.join('') !== '' || connectionId === undefined) return { page: 'missing' };
  if (first === 'connections') return connectionId ? toConnection(connectionId) : CONNECTIONS;
  if (first !== '' || second !== '') return { page: 'missing' };
  const jobId = new URLSearchParams(search).get('job');
  return jobId ? toJob(jobId) : START;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** The route named in the address, kept in step with the back and forward buttons. */
export function useRoute(): [Route, (route: Route) => void] {
  const [route, setRoute] = useState(() => parseRoute(location));
  useEffect(() => {
    const change = () => setRoute(parseRoute(location));
    addEventListener('popstate', change);
    return () => removeEventListener('popstate', change);
  }, []);
  const go = useCallback((next: Route) => {
    history.pushState(null, '', hrefOf(next));
    setRoute(next);
  }, []);
  return [route, go];
}

interface PageLinkProps {
  readonly to: Route;
  readonly onNavigate: (route: Route) => void;
  readonly className?: string;
  readonly current?: boolean;
  readonly children: ReactNode;
}

/** A real link, so it opens in a new tab as any other, that stays on the page when clicked plainly. */
export function PageLink({ to, onNavigate, className, current, children }: PageLinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onNavigate(to);
  };
  return (
    <a href={hrefOf(to)} className={className} aria-current={current ? 'page' : undefined} onClick={follow}>
      {children}
    </a>
  );
}

/** Where Temporal's own UI shows the run of a job, given where it shows our namespace; nothing when it is not known or not a web address. */
export function temporalHref(
  temporalUiUrl: string | null | undefined,
  { organizationId, jobId }: { readonly organizationId: string; readonly jobId: string },
): string | undefined {
  if (!temporalUiUrl || !URL.canParse(temporalUiUrl)) return undefined;
  const { protocol } = new URL(temporalUiUrl);
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  const base = temporalUiUrl.replace(/\/+$/, '');
  return `${base}/workflows/${encodeURIComponent(`orchestration-${jobId}-${organizationId}`)}`;
}
