import { createContext, use, useEffect, useMemo, useState, type ReactNode } from 'react';
import type { Language } from '../../contracts/agents.ts';
import { console as en, type ConsoleTexts } from '../../contracts/texts/en/console.ts';
import { console as ko } from '../../contracts/texts/ko/console.ts';

const KEY = 'nubabel.language';
const TEXTS: Record<Language, ConsoleTexts> = { en, ko };

export interface Localization {
  readonly language: Language;
  readonly text: ConsoleTexts;
  readonly setLanguage: (language: Language) => void;
}

const TextContext = createContext<Localization>({ language: 'en', text: en, setLanguage: () => undefined });

/** The language to start with: the one chosen before, else Korean for a browser that prefers it, else English. */
export function firstLanguage(chosen: string | null, preferred: readonly string[]): Language {
  if (chosen === 'en' || chosen === 'ko') return chosen;
  return preferred[0]?.toLowerCase().startsWith('ko') ? 'ko' : 'en';
}

export function TextProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState(() => firstLanguage(localStorage.getItem(KEY), navigator.languages));
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const localization = useMemo(
    () => ({
      language,
      text: TEXTS[language],
      setLanguage: (next: Language) => {
        localStorage.setItem(KEY, next);
        setLanguage(next);
      },
    }),
    [language],
  );
  return <TextContext value={localization}>{children}</TextContext>;
}

/** The texts and the language of the page. */
export const useText = (): Localization => use(TextContext);
