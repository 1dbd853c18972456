import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { ApiProvider } from './api/api-context.tsx';
import { createApi } from './api/client.ts';
import { forgetToken, keepToken, consumeToken } from './api/token.ts';
import { Shell } from './layout/shell.tsx';
import { SignIn } from './layout/sign-in.tsx';

/** Either the sign-in or the console; a refused token leads back to the first. */
export function App() {
  const cache = useQueryClient();
  const [token, setToken] = useState(() => consumeToken({ storage: localStorage, location, history }));
  const [refused, setRefused] = useState(false);
  const { api, leave, enter } = useMemo(() => {
    const leave = (wasRefused: boolean) => {
      forgetToken(localStorage);
      cache.clear();
      setToken(undefined);
      setRefused(wasRefused);
    };
    const enter = (given: string) => {
      keepToken(localStorage, given);
      setRefused(false);
      setToken(given);
    };
    const api = token === undefined ? undefined : createApi({ baseUrl: '', token, onUnauthorized: () => leave(true) });
    return { api, leave, enter };
  }, [token, cache]);
  if (!api) return <SignIn refused={refused} onToken={enter} />;
  return (
    <ApiProvider value={api}>
      <Shell onSignOut={() => leave(false)} />
    </ApiProvider>
  );
}
