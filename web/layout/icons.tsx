import type { ReactNode } from 'react';

/** Line icons on a 16-pixel grid, drawn in the colour of the text; the words beside them carry the meaning. */
const PATHS = {
  clock: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 4.8V8l2.2 1.6" />
    </>
  ),
  spinner: <path d="M8 2a6 6 0 1 1-5.2 3" />,
  hand: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M6.5 5.8v4.4M9.5 5.8v4.4" />
    </>
  ),
  check: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="m5.4 8.2 1.8 1.8 3.5-3.8" />
    </>
  ),
  warning: <path d="M8 2.4 14.2 13H1.8zM8 6.6v3M8 11.3v.1" />,
  cross: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="m6 6 4 4m0-4-4 4" />
    </>
  ),
  stop: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="m3.8 3.8 8.4 8.4" />
    </>
  ),
  menu: <path d="M2.5 4.5h11M2.5 8h11m-11 3.5h11" />,
  close: <path d="m4 4 8 8m0-8-8 8" />,
  plus: <path d="M8 3v10M3 8h10" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="2.8" />
      <path d="M8 1.5v1.2m0 10.6v1.2M1.5 8h1.2m10.6 0h1.2M3.4 3.4l.9.9m7.4 7.4.9.9m0-9.2-.9.9m-7.4 7.4-.9.9" />
    </>
  ),
  moon: <path d="M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7z" />,
  leave: <path d="M6.5 2.5h-3a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h3M10 11l3-3-3-3m3 3H6.2" />,
  outward: <path d="M6.5 3.5h-3v9h9v-3M9.5 2.5h4v4m0-4L7.5 8.5" />,
  arrow: <path d="M8 13V3.5M3.8 7.5 8 3.2l4.2 4.3" />,
  plug: <path d="M5.5 2v3.5m5-3.5v3.5M3.5 5.5h9v1.7a4.5 4.5 0 0 1-9 0zM8 11.7V14" />,
  chevron: <path d="m6 4 4 4-4 4" />,
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
      <path d="M10.5 3.5v-.5a.8.8 0 0 0-.8-.5H3.3a.8.8 0 0 0-.8.8v6.4c0 .4.2.7.5.8h.5" />
    </>
  ),
} as const satisfies Record<string, ReactNode>;

export type IconName = keyof typeof PATHS;

export function Icon({ name, spinning = false }: { readonly name: IconName; readonly spinning?: boolean }) {
  return (
    <svg className={spinning ? 'icon spinning' : 'icon'} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {PATHS[name]}
    </svg>
  );
}

export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="logo-ground" width="32" height="32" rx="8" />
      <rect className="logo-step" x="6" y="21" width="20" height="4" rx="2" />
      <rect className="logo-step" x="9" y="14" width="14" height="4" rx="2" opacity="0.8" />
      <rect className="logo-step" x="12" y="7" width="8" height="4" rx="2" opacity="0.6" />
    </svg>
  );
}
