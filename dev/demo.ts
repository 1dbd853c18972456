import { join } from 'node:path';
import { childEnv, NODE } from './child-env.ts';
import type { ChildSpec } from './child.ts';
import type { StartContext } from './context.ts';
import type { DemoNotion } from './demo-notion.ts';
import { randomText, ROOT } from './paths.ts';

/** The outside world, simulated where no key is set; `env` is what API and workers need to reach it. */
export interface DemoWorld {
  readonly env: NodeJS.ProcessEnv;
  readonly modelUrl: string | undefined;
  readonly slackUrl: string | undefined;
  readonly notion: DemoNotion | undefined;
}

const MODEL_PORT = 54_331;
const SLACK_PORT = 54_332;
const NOTION_PORT = 54_333;

/**
 * A demo model without any Anthropic key or address, a demo Slack without a bot token. A demo Notion only where nothing
 * is real: it comes with leave to reach addresses of this machine.
 */
export async function bringUpDemoWorld(context: StartContext, apiUrl: string): Promise<DemoWorld> {
  const { settings, terminal, supervisor } = context;
  const { ANTHROPIC_API_KEY: key, ANTHROPIC_API_KEYS: keys, ANTHROPIC_BASE_URL: modelUrl } = settings;
  const model = key || keys || modelUrl ? undefined : await demoModel(context);
  const slack = settings.SLACK_BOT_TOKEN ? undefined : await demoSlack(context, apiUrl);
  const isDemo = model && slack && !settings.DATABASE_URL && settings.env['EGRESS_ALLOW_PRIVATE'] !== 'false';
  const notion = isDemo ? await demoNotion(context) : undefined;
  const parts = [model, slack, notion].filter((part) => part !== undefined);
  if (parts.length > 0) {
    const names = `demo ${parts.map(({ spec }) => SHOWN[spec.name] ?? spec.name).join(', ')}`;
    await terminal.step(names, () => supervisor.add(...parts.map(({ spec }) => spec)));
  }
  return {
    env: { ...model?.env, ...slack?.env, ...notion?.env },
    modelUrl: model?.url,
    slackUrl: slack?.url,
    notion: notion && { url: notion.url, token: notion.token },
  };
}

const SHOWN: Readonly<Record<string, string>> = {
  'demo-model': 'model',
  'demo-slack': 'Slack',
  'demo-notion': 'Notion',
};

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
  const { paths, findPort } = context;
  const port = await findPort(SLACK_PORT);
  const signingSecret = paths.readOrCreate('demo-slack-signing-secret', randomText);
  const botToken = paths.readOrCreate('demo-slack-bot-token', () => `xoxb-demo-${randomText()}`);
  const secrets = { DEMO_SLACK_SIGNING_SECRET: signingSecret, DEMO_SLACK_BOT_TOKEN: botToken };
  const args = ['--events-url', `${apiUrl}/api/slack/events`];
  const url = `http://127.0.0.1:${port}`;
  const env = { SLACK_API_URL: `${url}/api/`, SLACK_BOT_TOKEN: botToken, SLACK_SIGNING_SECRET: signingSecret };
  return { spec: fake(context, { name: 'demo-slack', port, args, secrets }), url, env };
}

/** Its tasks are kept, because what was done with them is. */
async function demoNotion(context: StartContext): Promise<Part & { readonly token: string }> {
  const { paths, findPort } = context;
  const port = await findPort(NOTION_PORT);
  const token = paths.readOrCreate('demo-notion-token', () => `ntn_demo_${randomText()}`);
  const args = ['--kept-in', join(paths.dataDir, 'demo-notion.json')];
  const spec = fake(context, { name: 'demo-notion', port, args, secrets: { DEMO_NOTION_TOKEN: token } });
  return { spec, token, url: `http://127.0.0.1:${port}`, env: { EGRESS_ALLOW_PRIVATE: 'true' } };
}

interface Fake {
  readonly name: 'demo-model' | 'demo-slack' | 'demo-notion';
  readonly port: number;
  readonly args: readonly string[];
  /** Over the environment: arguments stand in the list of processes, for everybody to read. */
  readonly secrets?: Readonly<Record<string, string>>;
}

const fake = ({ settings, paths }: StartContext, { name, port, args, secrets }: Fake): ChildSpec => ({
  name,
  command: process.execPath,
  args: [
    `dev/fakes/${name}.ts`,
    '--port',
    String(port),
    '--log',
    paths.logFile(name).replace(/log$/, 'jsonl'),
    ...args,
  ],
  env: { ...childEnv(settings.env, NODE), ...secrets },
  cwd: ROOT,
  logFile: paths.logFile(name),
  readyWhen: async () => (await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(2_000) })).ok,
});
