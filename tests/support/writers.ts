import { createFakeGithub } from '../fakes/github/index.ts';
import { createFakeJira, DEMO_JIRA_USER } from '../fakes/jira/index.ts';
import { createFakeLinear } from '../fakes/linear/index.ts';
import { createFakeNotion, NOTION } from '../../dev/fakes/notion/index.ts';
import type { ProviderFault } from '../../dev/fakes/provider/faults.ts';
import type { ProviderFake } from '../../dev/fakes/provider/types.ts';
import { createFakeSalesforce, fakeRecordId } from '../fakes/salesforce/index.ts';
import { createFakeSentry, demoSentryIssue } from '../fakes/sentry/index.ts';
import { createFakeSlack } from '../../dev/fakes/slack/index.ts';
import type { Nubabel } from './nubabel.ts';
import { connect } from './tools.ts';

const SLACK_TOKEN = 'xoxb-demo';
const CHANNEL = 'C_LAUNCH';
const WRITES = /^chat\.(postMessage|update|delete)$/;

/** A provider as its fake has seen it. */
export interface Score {
  /** Everything that was changed there, in order. */
  changes(): string[];
  /** The next changes are made, and their answers never come. Undefined where the fake cannot. */
  readonly silence?: (times: number) => void;
}

/** A tool that changes something, with arguments that work: others for each `nth`. */
export interface Writer {
  readonly tool: string;
  readonly provider: string;
  /** Sent again at once by whoever finds it open; the others wait until nobody can be at it. */
  readonly again: boolean;
  args(nth: number): Record<string, unknown>;
}

const scoreOf = (fake: ProviderFake, writes: RegExp): Score => ({
  changes: () => fake.changes(),
  silence: (times) => fake.failNext(writes, { silent: true, times } satisfies ProviderFault),
});

/** Every provider of ours, connected to a fake that keeps score, and every tool that changes something there. */
export async function openWriters(nubabel: Nubabel) {
  const limits = 'off' as const;
  const [notion, slack, linear, jira, github, sentry, salesforce] = await Promise.all([
    createFakeNotion({ limits }),
    createFakeSlack({ limits }),
    createFakeLinear({ limits }),
    createFakeJira({ limits }),
    createFakeGithub({ limits }),
    createFakeSentry({ limits, issues: [1, 2, 3, 4].map((nth) => demoSentryIssue(nth)) }),
    createFakeSalesforce({ limits }),
  ]);
  const key = (apiKey: string, email?: string) => ({ kind: 'api_key', apiKey, ...(email && { email }) });
  const wanted = [
    { provider: 'notion', url: notion.url, auth: key(notion.token) },
    { provider: 'slack', url: slack.apiUrl, auth: key(SLACK_TOKEN) },
    { provider: 'linear', url: linear.graphqlUrl, auth: key(linear.token) },
    { provider: 'jira', url: jira.url, auth: key(DEMO_JIRA_USER.token, DEMO_JIRA_USER.email) },
    { provider: 'github', url: github.url, auth: key(github.token) },
    { provider: 'sentry', url: sentry.apiUrl, auth: key('sntrys-demo-token'), settings: { organization: 'acme' } },
    { provider: 'salesforce', url: salesforce.url, auth: key('00Ddemo!token') },
  ];
  for (const one of wanted) await connect(nubabel, { name: one.provider, ...one });

  const messages = await Promise.all([1, 2].map((nth) => post(slack.apiUrl, `Post ${nth}`)));
  const seeds = [1, 2, 3, 4].map((nth) => {
    github.seed({ title: `Issue ${nth}`, author: 'ada' });
    return notion.seed({ title: `Task ${nth}` }).id;
  });
  const at = { channel: CHANNEL };
  const inApp = { owner: 'acme', repo: 'app' };
  const sent = (nth: number) => messages[nth - 1] ?? '';
  const writers: Writer[] = [
    writer('notion__createTask', false, (nth) => ({ database: NOTION.tasks, title: `New ${nth}` })),
    writer('notion__updateTask', true, (nth) => ({ task: seeds[nth - 1], title: `Changed ${nth}` })),
    writer('notion__deleteTask', true, (nth) => ({ task: seeds[nth + 1] })),
    writer('slack__postMessage', false, (nth) => ({ ...at, text: `New ${nth}` })),
    writer('slack__sendThreadReply', false, (nth) => ({ ...at, threadTs: sent(nth), text: `Reply ${nth}` })),
    writer('slack__updateMessage', true, (nth) => ({ ...at, ts: sent(nth), text: `Changed ${nth}` })),
    writer('linear__createIssue', true, (nth) => ({ team: 'ENG', title: `New ${nth}` })),
    writer('linear__updateIssue', true, (nth) => ({ id: `OPS-${nth}`, title: `Changed ${nth}` })),
    writer('jira__createIssue', false, (nth) => ({ project: 'OPS', summary: `New ${nth}` })),
    writer('jira__updateIssue', true, (nth) => ({ key: `OPS-${nth}`, summary: `Changed ${nth}` })),
    writer('github__createIssue', false, (nth) => ({ ...inApp, title: `New ${nth}` })),
    writer('github__updateIssue', true, (nth) => ({ ...inApp, number: nth, title: `Changed ${nth}` })),
    writer('sentry__resolveIssue', true, (nth) => ({ id: `WEB-${nth}` })),
    writer('salesforce__updateRecord', true, (nth) => ({
      object: 'Account',
      id: fakeRecordId('001', nth),
      fields: { Name: `Changed ${nth}` },
    })),
  ];
  const scores: Record<string, Score> = {
    notion: scoreOf(notion, /^(POST \/pages$|PATCH \/pages)/),
    slack: {
      changes: () =>
        slack
          .calls()
          .filter(({ method, ok }) => ok && WRITES.test(method))
          .map(({ method, arguments: given }) => `${method} ${JSON.stringify([given['ts'], given['text']])}`),
    },
    linear: scoreOf(linear, /^issue(Create|Update|Delete)$/),
    jira: scoreOf(jira, /^(create|edit|delete)Issue$/),
    github: scoreOf(github, /^(POST|PATCH) .*issues/),
    sentry: scoreOf(sentry, /^updateIssue$/),
    salesforce: scoreOf(salesforce, /^updateRecord$/),
  };
  const fakes = [notion, slack, linear, jira, github, sentry, salesforce];
  return {
    writers,
    scores,
    notion,
    /** What some titles came to: how often each is at its provider, in whatever fake. */
    timesMade: (title: string): number =>
      notion.pages.filter(({ values }) => JSON.stringify(values['Task name']).includes(`"${title}"`)).length +
      linear.issues.filter((issue) => issue.title === title).length +
      jira.issues.filter(({ summary }) => summary === title).length +
      github.issues().filter((issue) => issue.title === title).length +
      slack.calls('chat.postMessage').filter(({ ok, arguments: given }) => ok && given['text'] === title).length,
    close: () => Promise.all(fakes.map((fake) => fake.close())),
  };
}

export type Writers = Awaited<ReturnType<typeof openWriters>>;

const writer = (tool: string, again: boolean, args: Writer['args']): Writer => ({
  tool,
  provider: tool.split('__')[0] ?? '',
  again,
  args,
});

/** A message of the app itself, written before anything is counted. */
async function post(apiUrl: string, text: string): Promise<string> {
  const answer = await fetch(`${apiUrl}chat.postMessage`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${SLACK_TOKEN}` },
    body: JSON.stringify({ channel: CHANNEL, text }),
  });
  return ((await answer.json()) as { ts: string }).ts;
}
