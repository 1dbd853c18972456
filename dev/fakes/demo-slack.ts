import { parseArgs } from 'node:util';
import { createFakeSlack, demoWorkspace } from './slack/index.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4020' },
    host: { type: 'string', default: '127.0.0.1' },
    log: { type: 'string' },
    'events-url': { type: 'string' },
  },
});
const { DEMO_SLACK_SIGNING_SECRET, DEMO_SLACK_BOT_TOKEN, DEMO_SLACK_APP_TOKEN } = process.env;

const slack = await createFakeSlack({
  port: Number(values.port),
  host: values.host,
  logPath: values.log,
  eventsUrl: values['events-url'],
  signingSecret: DEMO_SLACK_SIGNING_SECRET ?? 'demo-signing-secret',
  appToken: DEMO_SLACK_APP_TOKEN ?? 'xapp-demo',
  workspaces: [demoWorkspace({ botToken: DEMO_SLACK_BOT_TOKEN ?? 'xoxb-demo' })],
  page: true,
});
process.stdout.write(`Demo Slack on ${slack.url}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void slack.close());
