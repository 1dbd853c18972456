import type { MouseEvent, ReactNode } from 'react';
import { hrefOf, type Place } from './use-place.ts';

interface PageLinkProps {
  readonly to: Place;
  readonly onGo: (place: Place) => void;
  readonly className?: string;
  readonly current?: boolean;
  readonly children: ReactNode;
}

/** A real link, so it opens in a new tab as any other, that stays on the page when clicked plainly. */
export function PageLink({ to, onGo, className, current, children }: PageLinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onGo(to);
  };
  return (
    <a href={hrefOf(to)} className={className} aria-current={current ? 'page' : undefined} onClick={follow}>
      {children}
    </a>
  );
}
