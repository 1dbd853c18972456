import { useState } from 'react';
import { AskBox } from '../ask/ask-box.tsx';
import { Start } from '../ask/start.tsx';
import { JobPage } from '../job/job-page.tsx';
import { RecentJobs } from '../job/recent-jobs.tsx';
import { useOrganizationEvents } from '../job/use-organization-events.ts';
import { useText } from '../text/text-context.tsx';
import { Drawer } from './drawer.tsx';
import { Icon, Logo } from './icons.tsx';
import { PageLink } from './page-link.tsx';
import { TopBar } from './top-bar.tsx';
import { useSelectedJob } from './use-selected-job.ts';

/** The signed-in page: side bar, top bar, and either the start or one job. */
export function Shell({ onSignOut }: { readonly onSignOut: () => void }) {
  const { text } = useText();
  const [jobId, select] = useSelectedJob();
  const [menuOpen, setMenuOpen] = useState(false);
  useOrganizationEvents();
  const go = (next: string | undefined) => {
    setMenuOpen(false);
    select(next);
  };
  const sideBar = <SideBar jobId={jobId} onSelect={go} />;
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
          {jobId === undefined ? (
            <Start>{(draft) => <AskBox key={draft} draft={draft} onAccepted={(job) => go(job.jobId)} />}</Start>
          ) : (
            <JobPage key={jobId} jobId={jobId} onSelect={go} />
          )}
        </main>
      </div>
    </div>
  );
}

interface SideBarProps {
  readonly jobId: string | undefined;
  readonly onSelect: (jobId: string | undefined) => void;
}

function SideBar({ jobId, onSelect }: SideBarProps) {
  const { text } = useText();
  return (
    <>
      <PageLink className="brand" onSelect={onSelect}>
        <Logo />
        <span>Nubabel</span>
      </PageLink>
      <PageLink className="button new-request" onSelect={onSelect} current={jobId === undefined}>
        <Icon name="plus" />
        {text.newRequest}
      </PageLink>
      <RecentJobs jobId={jobId} onSelect={onSelect} />
    </>
  );
}
