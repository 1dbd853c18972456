import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { parseObject, readBody, sendJson, type Handler } from '../http-server.ts';
import type { People } from './people.ts';
import { workspaceOf, type SlackState } from './state.ts';

const HTML = readFileSync(new URL('./page.html', import.meta.url), 'utf8');

// The page's own script and style only: a message cannot bring code along, whatever it contains.
const CONTENT_POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'";

const Said = z.object({
  user: z.string(),
  channel: z.string(),
  text: z.string().min(1),
  thread_ts: z.string().optional(),
});

/** The chat page of the demo and what it asks for. */
export function createPage(state: SlackState, people: People): Handler {
  return async (req, res) => {
    const url = new URL(req.url ?? '/', 'http://fake');
    switch (`${req.method} ${url.pathname}`) {
      case 'GET /':
        res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': CONTENT_POLICY });
        return void res.end(HTML);
      case 'GET /_page/world':
        return sendJson(res, 200, worldOf(state));
      case 'GET /_page/messages': {
        const channel = url.searchParams.get('channel') ?? '';
        const all = state.messages.list({ team: workspaceOf(state).teamId, channel });
        const user = url.searchParams.get('user') ?? '';
        const own = state.ephemerals.filter((one) => one.channel === channel && one.user === user);
        const hidden = own.map((one) => ({ ...one, user: workspaceOf(state).botUserId, ...EPHEMERAL }));
        return sendJson(
          res,
          200,
          [...all, ...hidden].sort((a, b) => (a.ts < b.ts ? -1 : 1)),
        );
      }
      case 'POST /_page/say':
        return say(req, res, state, people);
      case 'POST /_page/press':
        return press(req, res, people);
      default:
        return sendJson(res, 404, { ok: false, error: 'not_found' });
    }
  };
}

/** What only one person sees, as the page shows it. */
const EPHEMERAL = { bot_id: 'B', reactions: [], versions: [], isEphemeral: true } as const;

function worldOf(state: SlackState) {
  const { name, users, channels, botUserId } = workspaceOf(state);
  return { name, users, botUserId, channels: channels.filter((one) => one.botIsMember && !one.archived) };
}

async function say(req: IncomingMessage, res: ServerResponse, state: SlackState, people: People): Promise<void> {
  // A form of another site cannot send this type without asking first.
  if (!req.headers['content-type']?.startsWith('application/json')) return sendJson(res, 415, { ok: false });
  const said = Said.safeParse(parseObject((await readBody(req)) ?? ''));
  if (!said.success) return sendJson(res, 400, { ok: false, error: z.prettifyError(said.error) });
  const { channels } = workspaceOf(state);
  const isDirect = channels.some(({ id, kind }) => id === said.data.channel && kind === 'im');
  const { ts, deliveries } = await (isDirect || said.data.thread_ts
    ? people.say(said.data)
    : people.mention(said.data));
  sendJson(res, 200, { ok: true, ts, deliveries });
}

const Pressed = z.object({ user: z.string(), channel: z.string(), ts: z.string(), action: z.string() });

async function press(req: IncomingMessage, res: ServerResponse, people: People): Promise<void> {
  if (!req.headers['content-type']?.startsWith('application/json')) return sendJson(res, 415, { ok: false });
  const pressed = Pressed.safeParse(parseObject((await readBody(req)) ?? ''));
  if (!pressed.success) return sendJson(res, 400, { ok: false, error: z.prettifyError(pressed.error) });
  sendJson(res, 200, { ok: true, deliveries: [await people.press(pressed.data)] });
}
