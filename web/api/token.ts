const KEY = 'nubabel.token';

/** What this module needs of the browser. */
interface TokenPlace {
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly location: Pick<Location, 'hash' | 'pathname' | 'search'>;
  readonly history: Pick<History, 'replaceState' | 'state'>;
}

/** The token from `#token=…`, which is then kept and taken out of the address bar; otherwise the kept one. */
export function consumeToken({ storage, location, history }: TokenPlace): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')?.trim();
  if (given === undefined) return storage.getItem(KEY) ?? undefined;
  history.replaceState(history.state, '', location.pathname + location.search);
  if (given === '') return storage.getItem(KEY) ?? undefined;
  storage.setItem(KEY, given);
  return given;
}

export const keepToken = (storage: TokenPlace['storage'], token: string): void => storage.setItem(KEY, token);

export const forgetToken = (storage: TokenPlace['storage']): void => storage.removeItem(KEY);
