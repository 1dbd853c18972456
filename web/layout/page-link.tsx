import type { MouseEvent, ReactNode } from 'react';
import { jobHref } from './use-selected-job.ts';

interface PageLinkProps {
  /** The job to show; the start page without one. */
  readonly jobId?: string;
  readonly onSelect: (jobId: string | undefined) => void;
  readonly className?: string;
  readonly current?: boolean;
  readonly children: ReactNode;
}

/** A real link, so it opens in a new tab as any other, that stays on the page when clicked plainly. */
export function PageLink({ jobId, onSelect, className, current, children }: PageLinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onSelect(jobId);
  };
  return (
    <a
      href={jobId === undefined ? '/' : jobHref(jobId)}
      className={className}
      aria-current={current ? 'page' : undefined}
      onClick={follow}
    >
      {children}
    </a>
  );
}
