import { useEffect, useLayoutEffect, useState } from 'react';
import { useMe } from '../api/queries.ts';
import { useText } from '../text/text-context.tsx';
import { Icon } from './icons.tsx';

interface TopBarProps {
  readonly onMenu: () => void;
  readonly onSignOut: () => void;
}

export function TopBar({ onMenu, onSignOut }: TopBarProps) {
  const { text } = useText();
  const me = useMe().data;
  return (
    <header className="top-bar">
      <button type="button" className="icon-button menu-button" aria-label={text.menu} onClick={onMenu}>
        <Icon name="menu" />
      </button>
      <p className="organization">{me?.organization.name}</p>
      {me?.demo && <DemoLabel />}
      <div className="top-bar-tools">
        <LanguageToggle />
        <ThemeToggle />
        <button
          type="button"
          className="icon-button"
          aria-label={text.signOut}
          title={text.signOut}
          onClick={onSignOut}
        >
          <Icon name="leave" />
        </button>
      </div>
    </header>
  );
}

/** Says that nothing on the page comes from a real model. */
export function DemoLabel() {
  const { text } = useText();
  return (
    <span className="label label-demo" title={text.demoHint}>
      {text.demo}
    </span>
  );
}

function LanguageToggle() {
  const { text, setLanguage } = useText();
  const { code, name } = text.otherLanguage;
  return (
    <button type="button" className="text-button" lang={code} onClick={() => setLanguage(code === 'ko' ? 'ko' : 'en')}>
      {name}
    </button>
  );
}

function ThemeToggle() {
  const { text } = useText();
  const { theme, toggle } = useTheme();
  const label = theme === 'dark' ? text.theme.light : text.theme.dark;
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} onClick={toggle}>
      <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
    </button>
  );
}

const KEY = 'nubabel.theme';

type Theme = 'light' | 'dark';

/** The theme in force and a switch to the other; without a choice of one's own it is the system's. */
function useTheme(): { readonly theme: Theme; readonly toggle: () => void } {
  const [chosen, setChosen] = useState(() => toTheme(localStorage.getItem(KEY)));
  const [system, setSystem] = useState<Theme>(() => (systemDark().matches ? 'dark' : 'light'));
  useEffect(() => {
    const query = systemDark();
    const change = () => setSystem(query.matches ? 'dark' : 'light');
    query.addEventListener('change', change);
    return () => query.removeEventListener('change', change);
  }, []);
  useLayoutEffect(() => {
    if (chosen) document.documentElement.dataset['theme'] = chosen;
  }, [chosen]);
  const theme = chosen ?? system;
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    localStorage.setItem(KEY, next);
    setChosen(next);
  };
  return { theme, toggle };
}

const systemDark = () => matchMedia('(prefers-color-scheme: dark)');

const toTheme = (kept: string | null): Theme | undefined => (kept === 'light' || kept === 'dark' ? kept : undefined);
