import { createHash } from 'node:crypto';
import type { Language } from '../../contracts/agents.ts';
import type { Outcome } from '../../domain/connections/grant-callback.ts';

const TEXTS: Record<Language, { readonly back: string; readonly said: Record<Outcome, readonly [string, string]> }> = {
  en: {
    back: 'To Nubabel',
    said: {
      connected: ['Connected', 'Access is granted, and work that waited for it continues. You can close this page.'],
      denied: ['Not connected', 'Access was not granted. Nothing was changed; start again whenever you like.'],
      expired: ['This link is over', 'It is valid for ten minutes. Start again from the connection in Nubabel.'],
      used: ['This link was used before', 'It works once. When the connection does not work, start again from there.'],
      browser: ['Another browser', 'This was begun in another browser. Start again from the connection in this one.'],
      refused: [
        'Not connected',
        'The answer could not be accepted, and an admin finds the reason in the audit. Start again.',
      ],
      client: [
        'Start again',
        'The provider did not know Nubabel any more, or did not let it ask for this access. Open the connection in Nubabel and connect again: Nubabel registers there again.',
      ],
      scope: [
        'Not connected: this access is not available',
        'The provider does not give the access that was asked for. An admin can name the scopes that it has in the settings of the connection, or ask the provider for more.',
      ],
      unavailable: [
        'Not connected yet',
        'The provider did not answer in order. Nothing was changed; try again in a minute.',
      ],
    },
  },
  ko: {
    back: 'Nubabel로 가기',
    said: {
      connected: ['연결되었습니다', '접근 권한을 받았고, 기다리던 작업이 이어집니다. 이 페이지를 닫아도 됩니다.'],
      denied: ['연결되지 않았습니다', '접근 권한을 받지 못했습니다. 바뀐 것은 없으며, 언제든 다시 시작할 수 있습니다.'],
      expired: ['만료된 링크입니다', '링크는 10분 동안 유효합니다. Nubabel의 연결에서 다시 시작하세요.'],
      used: ['이미 사용한 링크입니다', '링크는 한 번만 쓸 수 있습니다. 연결이 되지 않으면 연결에서 다시 시작하세요.'],
      browser: ['다른 브라우저입니다', '다른 브라우저에서 시작한 요청입니다. 이 브라우저의 연결에서 다시 시작하세요.'],
      refused: [
        '연결되지 않았습니다',
        '응답을 받아들일 수 없었습니다. 이유는 관리자가 감사 기록에서 볼 수 있습니다. 다시 시작하세요.',
      ],
      client: [
        '한 번 더 시작하세요',
        '제공자가 Nubabel을 더 이상 알지 못하거나 이 접근 권한을 요청하지 못하게 했습니다. Nubabel의 연결을 열고 다시 연결하세요. Nubabel이 새로 등록합니다.',
      ],
      scope: [
        '연결되지 않았습니다: 받을 수 없는 권한입니다',
        '제공자가 요청한 권한을 주지 않습니다. 관리자가 연결 설정에 제공자가 지원하는 범위(scope)를 적거나, 제공자에게 권한을 더 요청해야 합니다.',
      ],
      unavailable: [
        '아직 연결되지 않았습니다',
        '제공자가 제대로 응답하지 않았습니다. 바뀐 것은 없으니 잠시 후 다시 시도하세요.',
      ],
    },
  },
};

/** The first of our languages that the browser names. */
export const languageOf = (acceptLanguage: string | undefined): Language =>
  /(?:^|,)\s*(en|ko)\b/i.exec(acceptLanguage ?? '')?.[1]?.toLowerCase() === 'ko' ? 'ko' : 'en';

const STYLE =
  ':root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;display:grid;place-content:center;min-height:90vh;' +
  'margin:0;padding:1.5rem}main{max-width:30rem}h1{font-size:1.35rem;margin:0}';

/** Lets exactly this style through a policy that forbids styles in pages. */
export const GRANT_PAGE_STYLE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

/** A page that says what became of a grant, made of our own words only. */
export function grantPage(outcome: Outcome, language: Language): string {
  const { back, said } = TEXTS[language];
  const [title, text] = said[outcome];
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${title} – Nubabel</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head>
<body><main><h1>${title}</h1><p>${text}</p><p><a href="/connections">${back}</a></p></main></body></html>`;
}
