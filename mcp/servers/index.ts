import type { Provider } from './define.ts';
import { jira } from './jira/index.ts';
import { salesforce } from './salesforce/index.ts';
import { sentry } from './sentry/index.ts';

/** Every first-party server. */
export const providers: readonly Provider[] = [jira, sentry, salesforce];

export const providerNamed = (name: string): Provider | undefined =>
  providers.find(({ provider }) => provider === name);
