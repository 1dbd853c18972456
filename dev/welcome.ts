import type { DemoWorld } from './demo.ts';
import type { RunningSystem } from './running.ts';

const TRY = 'npm run ask -- "Draft a launch tweet and check the budget for it"';
const TRY_TOOLS = `npm run ask -- "Create a task 'Ship the launch page'"`;

/** The last lines of a start: where everything is, what is simulated, what to try. */
export function welcome(system: RunningSystem, demo: DemoWorld, tools: 'connected' | 'left alone'): string {
  const { apiUrl, token, temporalUiUrl } = system;
  const { slackUrl, notion } = demo;
  const places = [
    ['Console', `${apiUrl}/#token=${token}`],
    ['API', apiUrl],
    ['API docs', `${apiUrl}/docs`],
    ...(temporalUiUrl ? [['Temporal UI', temporalUiUrl]] : []),
    ...(slackUrl ? [['Demo Slack', `${slackUrl}/`]] : []),
    ...(notion ? [['Demo Notion', `${notion.url}/`]] : []),
    ['Token', token],
    ['Try', TRY],
    ...(tools === 'connected' ? [['', TRY_TOOLS]] : []),
  ];
  const lines = places.map(([name = '', where]) => `  ${name.padEnd(12)} ${where}`);
  const notes = notesOn(demo, tools).map((note) => `  ${note}`);
  return ['', 'Nubabel is ready. Ctrl-C stops it.', '', ...lines, ...(notes.length > 0 ? ['', ...notes] : []), ''].join(
    '\n',
  );
}

/** What is simulated, and how to have it real. */
function notesOn({ modelUrl, slackUrl, notion }: DemoWorld, tools: 'connected' | 'left alone'): string[] {
  const notes: string[] = [];
  if (modelUrl) notes.push('Answers come from a demo model. Set ANTHROPIC_API_KEY to use Claude.');
  if (slackUrl) notes.push('Slack is a demo page. Set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET to use yours.');
  if (!notion) return notes;
  const connected = tools === 'connected' ? ', and your organization is connected to it' : '';
  return [
    ...notes,
    `Notion is a demo page${connected}. Connect your own tools in the console under Connections.`,
    'EGRESS_ALLOW_PRIVATE=true while it runs: connections may reach this machine. Set it to false for no demo Notion.',
  ];
}
