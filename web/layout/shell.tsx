import { useState } from 'react';
import { AskBox } from '../ask/ask-box.tsx';
import { Start } from '../ask/start.tsx';
import { ConnectionPage } from '../connections/connection-page.tsx';
import { ConnectionsPage } from '../connections/connections-page.tsx';
import { JobPage } from '../job/job-page.tsx';
import { RecentJobs } from '../job/recent-jobs.tsx';
import { useOrganizationEvents } from '../job/use-organization-events.ts';
import { useText } from '../text/text-context.tsx';
import { Drawer } from './drawer.tsx';
import { Icon, Logo } from './icons.tsx';
import { PageLink } from './page-link.tsx';
import { TopBar } from './top-bar.tsx';
import { CONNECTIONS, START, toJob, usePlace, type Place } from './use-place.ts';

/** The signed-in page: side bar, top bar, and the place that the address names. */
export function Shell({ onSignOut }: { readonly onSignOut: () => void }) {
  const { text } = useText();
  const [place, setPlace] = usePlace();
  const [menuOpen, setMenuOpen] = useState(false);
  useOrganizationEvents();
  const go = (next: Place) => {
    setMenuOpen(false);
    setPlace(next);
  };
  const sideBar = <SideBar place={place} onGo={go} />;
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
          <Content place={place} onGo={go} />
        </main>
      </div>
    </div>
  );
}

interface PlaceProps {
  readonly place: Place;
  readonly onGo: (place: Place) => void;
}

function Content({ place, onGo }: PlaceProps) {
  if (place.page === 'job') return <JobPage key={place.jobId} jobId={place.jobId} onGo={onGo} />;
  if (place.page === 'connections') return <ConnectionsPage onGo={onGo} />;
  if (place.page === 'connection')
    return <ConnectionPage key={place.connectionId} connectionId={place.connectionId} onGo={onGo} />;
  return (
    <Start>{(draft) => <AskBox key={draft} draft={draft} onAccepted={({ jobId }) => onGo(toJob(jobId))} />}</Start>
  );
}

function SideBar({ place, onGo }: PlaceProps) {
  const { text } = useText();
  const atConnections = place.page === 'connections' || place.page === 'connection';
  return (
    <>
      <PageLink to={START} className="brand" onGo={onGo}>
        <Logo />
        <span>Nubabel</span>
      </PageLink>
      <PageLink to={START} className="button new-request" onGo={onGo} current={place.page === 'start'}>
        <Icon name="plus" />
        {text.newRequest}
      </PageLink>
      <RecentJobs jobId={place.page === 'job' ? place.jobId : undefined} onGo={onGo} />
      <PageLink to={CONNECTIONS} className="side-link" onGo={onGo} current={atConnections}>
        <Icon name="plug" />
        {text.connections.title}
      </PageLink>
    </>
  );
}
