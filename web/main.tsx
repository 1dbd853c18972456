import { QueryClient, QueryClientProvider, useQueryClient } from '@tanstack/react-query';
import { StrictMode, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { isLasting } from './api/problem.ts';
import { TextProvider } from './text/text-context.tsx';
import { ApiProvider } from './api/queries.ts';
import { createApi, forgetToken, keepToken, consumeToken } from './api/client.ts';
import { Shell } from './layout/shell.tsx';
import { OtherToken, SignIn } from './layout/sign-in.tsx';

/** Either the sign-in or the console; a refused token leads back to the first. */
function App() {
  const cache = useQueryClient();
  const [start] = useState(() => consumeToken({ storage: localStorage, location, history }));
  const [token, setToken] = useState(start.token);
  const [offered, setOffered] = useState(start.offered);
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
      cache.clear();
      setOffered(undefined);
      setRefused(false);
      setToken(given);
    };
    // A token that is no longer accepted has nobody to ask.
    const onUnauthorized = () => (offered === undefined ? leave(true) : enter(offered));
    const api = token === undefined ? undefined : createApi({ baseUrl: '', token, onUnauthorized });
    return { api, leave, enter };
  }, [token, offered, cache]);
  if (!api) return <SignIn refused={refused} onToken={enter} />;
  return (
    <ApiProvider value={api}>
      {offered !== undefined && <OtherToken onUse={() => enter(offered)} onKeep={() => setOffered(undefined)} />}
      <Shell onSignOut={() => leave(false)} />
    </ApiProvider>
  );
}

const cache = new QueryClient({
  defaultOptions: { queries: { staleTime: 10_000, retry: (failures, error) => failures < 3 && !isLasting(error) } },
});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root.');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={cache}>
      <TextProvider>
        <App />
      </TextProvider>
    </QueryClientProvider>
  </StrictMode>,
);
