import type { Provider } from './define.ts';
import { github } from './github/index.ts';
import { jira } from './jira/index.ts';
import { linear } from './linear/index.ts';
import { notion } from './notion/index.ts';
import { salesforce } from './salesforce/index.ts';
import { sentry } from './sentry/index.ts';
import { slack } from './slack/index.ts';

/** Every first-party server. */
export const providers: readonly Provider[] = [notion, slack, linear, jira, github, sentry, salesforce];

export const providerNamed = (name: string): Provider | undefined =>
  providers.find(({ provider }) => provider === name);
