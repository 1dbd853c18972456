import { randomBytes } from 'node:crypto';
import { signSlackRequest } from '../../../dev/fakes/slack/post-event.ts';
import type { Stage } from '../stage/stage.ts';
import { SLACK_USER, type Tenant } from '../stage/tenant.ts';
import { UNCLEAR } from './rest.ts';

let said = 0;

/** A person mentions the bot; resolves with the thread when the event is acknowledged. */
export async function mention(stage: Stage, tenant: Tenant, text = UNCLEAR): Promise<string> {
  const teamId = tenant.freshTeam();
  const seconds = Math.floor(Date.now() / 1_000);
  const ts = `${seconds}.${String(++said).padStart(6, '0')}`;
  const rawBody = JSON.stringify({
    type: 'event_callback',
    token: 'deprecated-verification-token',
    team_id: teamId,
    api_app_id: 'ABENCH',
    event_id: `Ev${randomBytes(6).toString('hex').toUpperCase()}`,
    event_time: seconds,
    authorizations: [{ enterprise_id: null, team_id: teamId, user_id: 'UNUBABEL', is_bot: true }],
    event: {
      type: 'app_mention',
      user: SLACK_USER,
      channel: `C${teamId}`,
      text: `<@UNUBABEL> ${text} ${said}`,
      ts,
      event_ts: ts,
    },
  });
  const answer = await fetch(`${stage.url}/api/slack/events`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-slack-request-timestamp': String(seconds),
      'x-slack-signature': signSlackRequest(stage.env['SLACK_SIGNING_SECRET'] ?? '', seconds, rawBody),
    },
    body: rawBody,
  });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
  return ts;
}
