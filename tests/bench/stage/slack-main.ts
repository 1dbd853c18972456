import type { ServerResponse } from 'node:http';
import { listen, parseObject, readBody, sendJson } from '../../../dev/fakes/http-server.ts';
import { nowMs } from '../clock.ts';
import type { SlackCall } from '../client/slack-calls.ts';

/** A Slack in a process of its own that takes everything at once; `GET /_calls` streams what it was told, as JSON lines. */
const watchers = new Set<ServerResponse>();
const threadOf = new Map<string, string>();
let posted = 0;

function parseArguments(raw: string): Record<string, unknown> {
  return parseObject(raw) ?? Object.fromEntries(new URLSearchParams(raw));
}

function carryOut(method: string, args: Record<string, unknown>): Record<string, unknown> {
  if (method === 'auth.test') return { team_id: 'TBENCH', team: 'Bench', user_id: 'UNUBABEL', bot_id: 'BNUBABEL' };
  if (method !== 'chat.postMessage' && method !== 'chat.update') return { messages: [], user: {} };
  const ts = method === 'chat.update' ? String(args['ts']) : `1700000000.${String(++posted).padStart(6, '0')}`;
  if (method === 'chat.postMessage') threadOf.set(ts, String(args['thread_ts']));
  const call: SlackCall = { at: nowMs(), method, thread: threadOf.get(ts) ?? '', text: String(args['text']) };
  for (const watcher of watchers) watcher.write(`${JSON.stringify(call)}\n`);
  return { ts, channel: args['channel'] };
}

await listen(async (req, res) => {
  if (req.url === '/_calls') {
    res.writeHead(200).flushHeaders();
    watchers.add(res);
    res.once('close', () => watchers.delete(res));
    return;
  }
  const args = parseArguments((await readBody(req)) ?? '');
  sendJson(res, 200, { ok: true, ...carryOut((req.url ?? '').replace('/api/', ''), args) });
}, Number(process.argv[2]));
process.once('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
