import type { DemoWorld } from './demo.ts';
import type { RunningSystem } from './running.ts';

const TRY = 'npm run ask -- "Draft a launch tweet and check the budget for it"';

/** The last lines of a start: where everything is, what is simulated, what to try. */
export function welcome(system: RunningSystem, { modelUrl, slackUrl }: DemoWorld): string {
  const { apiUrl, token, temporalUiUrl } = system;
  const places = [
    ['Console', `${apiUrl}/#token=${token}`],
    ['API', apiUrl],
    ['API docs', `${apiUrl}/docs`],
    ...(temporalUiUrl ? [['Temporal UI', temporalUiUrl]] : []),
    ...(slackUrl ? [['Demo Slack', `${slackUrl}/`]] : []),
    ['Token', token],
    ['Try', TRY],
  ];
  const lines = places.map(([name = '', where]) => `  ${name.padEnd(12)} ${where}`);
  if (modelUrl) lines.push('', '  Answers come from a demo model. Set ANTHROPIC_API_KEY to use Claude.');
  if (slackUrl)
    lines.push(
      `${modelUrl ? '' : '\n'}  Slack is a demo page. Set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET to use yours.`,
    );
  return ['', 'Nubabel is ready. Ctrl-C stops it.', '', ...lines, ''].join('\n');
}
