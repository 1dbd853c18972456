import { parseArgs } from 'node:util';
import { createFakeSlack, demoWorkspace } from './slack/index.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4020' },
    host: { type: 'string', default: '127.0.0.1' },
    log: { type: 'string' },
    'events-url': { type: 'string' },
    'signing-secret': { type: 'string', default: 'demo-signing-secret' },
    'bot-token': { type: 'string', default: 'xoxb-demo' },
    'app-token': { type: 'string', default: 'xapp-demo' },
  },
});

const slack = await createFakeSlack({
  port: Number(values.port),
  host: values.host,
  logPath: values.log,
  eventsUrl: values['events-url'],
  signingSecret: values['signing-secret'],
  appToken: values['app-token'],
  workspaces: [demoWorkspace({ botToken: values['bot-token'] })],
  page: true,
});
process.stdout.write(`Demo Slack on ${slack.url}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void slack.close());
