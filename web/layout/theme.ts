import { useEffect, useLayoutEffect, useState } from 'react';

const KEY = 'nubabel.theme';

export type Theme = 'light' | 'dark';

/** The theme in force and a switch to the other; without a choice of one's own it is the system's. */
export function useTheme(): { readonly theme: Theme; readonly toggle: () => void } {
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
