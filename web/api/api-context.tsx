import { createContext, use } from 'react';
import type { Api } from './client.ts';

const ApiContext = createContext<Api | undefined>(undefined);

/** Gives the page below it a signed-in API. */
export const ApiProvider = ApiContext.Provider;

/** The signed-in API; only usable below `ApiProvider`. */
export function useApi(): Api {
  const api = use(ApiContext);
  if (!api) throw new Error('useApi needs an ApiProvider above it.');
  return api;
}
