import { type ReactNode, useEffect, useRef, useState } from 'react';
import { AskBox, Start } from '../ask/ask-box.tsx';
import { ConnectionPage } from '../connections/connection-page.tsx';
import { ConnectionsPage } from '../connections/connections-page.tsx';
import { JobPage } from '../job/job-page.tsx';
import { RecentJobs } from '../job/recent-jobs.tsx';
import { useOrganizationEvents } from '../job/use-organization-events.ts';
import { useText } from '../text/text-context.tsx';
import { CONNECTIONS, PageLink, type Route, START, toJob, useRoute } from './routes.tsx';
import { Icon, Logo } from './icons.tsx';
import { TopBar } from './top-bar.tsx';

/** The signed-in page: side bar, top bar, and the route that the address names. */
export function Shell({ onSignOut }: { readonly onSignOut: () => void }) {
  const { text } = useText();
  const [route, setRoute] = useRoute();
  const [menuOpen, setMenuOpen] = useState(false);
  useOrganizationEvents();
  const go = (next: Route) => {
    setMenuOpen(false);
    setRoute(next);
  };
  const sideBar = <SideBar route={route} onNavigate={go} />;
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {text.skip}
      </a>
      <aside className="side">{sideBar}</aside>
      <Drawer open={menuOpen} onClose={() => setMenuOpen(false)}>
        {sideBar}
      </Drawer>
      <div className="page">
        <TopBar onMenu={() => setMenuOpen(true)} onSignOut={onSignOut} />
        <main id="content" tabIndex={-1}>
          <Content route={route} onNavigate={go} />
        </main>
      </div>
    </div>
  );
}

interface RouteProps {
  readonly route: Route;
  readonly onNavigate: (route: Route) => void;
}

function Content({ route, onNavigate }: RouteProps) {
  if (route.page === 'job') return <JobPage key={route.jobId} jobId={route.jobId} onNavigate={onNavigate} />;
  if (route.page === 'connections') return <ConnectionsPage onNavigate={onNavigate} />;
  if (route.page === 'connection')
    return <ConnectionPage key={route.connectionId} connectionId={route.connectionId} onNavigate={onNavigate} />;
  if (route.page === 'missing') return <MissingPage onNavigate={onNavigate} />;
  return (
    <Start>
      {(draft) => <AskBox key={draft} draft={draft} onAccepted={({ jobId }) => onNavigate(toJob(jobId))} />}
    </Start>
  );
}

/** An address that names nothing. */
function MissingPage({ onNavigate }: Pick<RouteProps, 'onNavigate'>) {
  const { text } = useText();
  return (
    <div className="start">
      <h1>{text.missingPage.title}</h1>
      <p className="quiet lead">{text.missingPage.hint}</p>
      <PageLink to={START} className="button" onNavigate={onNavigate}>
        {text.newRequest}
      </PageLink>
    </div>
  );
}

function SideBar({ route, onNavigate }: RouteProps) {
  const { text } = useText();
  const atConnections = route.page === 'connections' || route.page === 'connection';
  return (
    <>
      <PageLink to={START} className="brand" onNavigate={onNavigate}>
        <Logo />
        <span>Nubabel</span>
      </PageLink>
      <PageLink to={START} className="button new-request" onNavigate={onNavigate} current={route.page === 'start'}>
        <Icon name="plus" />
        {text.newRequest}
      </PageLink>
      <PageLink to={CONNECTIONS} className="side-link" onNavigate={onNavigate} current={atConnections}>
        <Icon name="plug" />
        {text.connections.title}
      </PageLink>
      <RecentJobs jobId={route.page === 'job' ? route.jobId : undefined} onNavigate={onNavigate} />
    </>
  );
}

interface DrawerProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** The side bar on a narrow screen: a modal dialog, so the browser keeps focus inside and closes it on Escape. */
function Drawer({ open, onClose, children }: DrawerProps) {
  const { text } = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog
      ref={dialog}
      className="drawer"
      aria-label={text.menu}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      {open && (
        <div className="drawer-body">
          <button type="button" className="icon-button drawer-close" aria-label={text.close} onClick={onClose}>
            <Icon name="close" />
          </button>
          {children}
        </div>
      )}
    </dialog>
  );
}
