import type { ChildSpec } from './child.ts';
import type { StartContext } from './context.ts';
import { randomText, ROOT } from './place.ts';

/** The outside world, simulated where no key is set; `env` is what API and workers need to reach it. */
export interface DemoWorld {
  readonly env: NodeJS.ProcessEnv;
  readonly modelUrl: string | undefined;
  readonly slackUrl: string | undefined;
}

const MODEL_PORT = 54_331;
const SLACK_PORT = 54_332;

/** A demo model without any Anthropic key or address, a demo Slack without a bot token. */
export async function bringUpDemoWorld(context: StartContext, apiUrl: string): Promise<DemoWorld> {
  const { settings, say, supervisor } = context;
  const { ANTHROPIC_API_KEY: key, ANTHROPIC_API_KEYS: keys, ANTHROPIC_BASE_URL: modelUrl } = settings;
  const model = key || keys || modelUrl ? undefined : await demoModel(context);
  const slack = settings.SLACK_BOT_TOKEN ? undefined : await demoSlack(context, apiUrl);
  const parts = [model, slack].filter((part) => part !== undefined);
  if (parts.length > 0) {
    const names = parts.map(({ spec }) => spec.name.replace('-', ' ')).join(' and ');
    await say.step(names, () => supervisor.add(...parts.map(({ spec }) => spec)));
  }
  return { env: { ...model?.env, ...slack?.env }, modelUrl: model?.url, slackUrl: slack?.url };
}

interface Part {
  readonly spec: ChildSpec;
  readonly url: string;
  readonly env: NodeJS.ProcessEnv;
}

async function demoModel(context: StartContext): Promise<Part> {
  const port = await context.findPort(MODEL_PORT);
  const url = `http://127.0.0.1:${port}`;
  const spec = fake(context, { name: 'demo-model', port, args: [] });
  return { spec, url, env: { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'demo', NUBABEL_DEMO_MODEL: 'true' } };
}

/** Its secrets are kept, because the database keeps what was said with them. */
async function demoSlack(context: StartContext, apiUrl: string): Promise<Part> {
  const { place, findPort } = context;
  const port = await findPort(SLACK_PORT);
  const signingSecret = place.remembered('demo-slack-signing-secret', randomText);
  const botToken = place.remembered('demo-slack-bot-token', () => `xoxb-demo-${randomText()}`);
  const args = [
    '--events-url',
    `${apiUrl}/api/slack/events`,
    '--signing-secret',
    signingSecret,
    '--bot-token',
    botToken,
  ];
  const url = `http://127.0.0.1:${port}`;
  const env = { SLACK_API_URL: `${url}/api/`, SLACK_BOT_TOKEN: botToken, SLACK_SIGNING_SECRET: signingSecret };
  return { spec: fake(context, { name: 'demo-slack', port, args }), url, env };
}

interface Fake {
  readonly name: 'demo-model' | 'demo-slack';
  readonly port: number;
  readonly args: readonly string[];
}

const fake = ({ settings, place }: StartContext, { name, port, args }: Fake): ChildSpec => ({
  name,
  command: process.execPath,
  args: [
    `dev/fakes/${name}.ts`,
    '--port',
    String(port),
    '--log',
    place.logFile(name).replace(/log$/, 'jsonl'),
    ...args,
  ],
  env: settings.env,
  cwd: ROOT,
  logFile: place.logFile(name),
  readyWhen: async () => (await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(2_000) })).ok,
});
