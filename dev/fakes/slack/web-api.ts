import { setTimeout as delay } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { readBody, sendJson, type Handler } from '../http-server.ts';
import { parseArguments, textArgument, type Arguments } from './arguments.ts';
import { refusalBody, SlackRefusalError } from './errors.ts';
import type { Fault } from './faults.ts';
import { CHAT_METHODS } from './methods/chat.ts';
import { CONVERSATION_METHODS } from './methods/conversations.ts';
import { PEOPLE_METHODS } from './methods/people.ts';
import type { Method, SlackState } from './state.ts';
import type { SlackWorkspace } from './types.ts';

const METHODS: Readonly<Record<string, Method>> = { ...CHAT_METHODS, ...CONVERSATION_METHODS, ...PEOPLE_METHODS };

/** What the manifest of the documentation asks for. */
const SCOPES: readonly string[] =
  `app_mentions:read channels:history channels:read chat:write groups:history groups:read
  im:history im:read im:write reactions:write users:read users:read.email`.split(/\s+/);

/** Scopes without which Slack refuses a method (docs.slack.dev, one page a method). */
const NEEDED: Readonly<Record<string, string>> = {
  'chat.postMessage': 'chat:write',
  'chat.update': 'chat:write',
  'chat.delete': 'chat:write',
  'chat.postEphemeral': 'chat:write',
  'reactions.add': 'reactions:write',
  'conversations.open': 'im:write',
  'users.info': 'users:read',
  'users.list': 'users:read',
};

/** What each type of `users.conversations` needs. */
const TYPE_SCOPES: Readonly<Record<string, string>> = {
  public_channel: 'channels:read',
  private_channel: 'groups:read',
  mpim: 'mpim:read',
  im: 'im:read',
};

const neededScopes = (method: string, args: Arguments): readonly (string | undefined)[] =>
  method === 'users.conversations'
    ? (textArgument(args, 'types') ?? 'public_channel').split(',').map((type) => TYPE_SCOPES[type])
    : [NEEDED[method]];

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Serves `/api/<method>`. */
export function createWebApi(state: SlackState): Handler {
  return async (req, res) => {
    const startedAt = Date.now();
    const method = new URL(req.url ?? '/', 'http://fake').pathname.replace(/^\/api\//, '');
    const raw = (await readBody(req)) ?? '';
    const fault = state.faults.take(method);
    if (fault?.delayMs !== undefined) await delay(fault.delayMs);
    let team: string | null = null;
    let args: Arguments = {};
    let answer: Answer;
    try {
      const given = parseArguments(req, raw);
      args = given.args;
      const workspace = authenticate(state, method, given.token);
      team = workspace.teamId;
      answer = faultAnswer(fault) ?? carryOut(state, method, workspace, args);
    } catch (error) {
      if (!(error instanceof SlackRefusalError)) throw error;
      answer = { status: 200, body: refusalBody(error) };
    }
    log(state, { method, team, args, startedAt }, answer);
    if (fault?.loseAnswer) res.destroy();
    else send(res, answer);
  };
}

function authenticate({ workspaces, appToken }: SlackState, method: string, token?: string): SlackWorkspace {
  if (!token) throw new SlackRefusalError('not_authed');
  if (!METHODS[method]) throw new SlackRefusalError('unknown_method');
  const first = workspaces[0];
  if (method === 'apps.connections.open') {
    if (token === appToken && first) return first;
    throw new SlackRefusalError(
      workspaces.some(({ botToken }) => botToken === token) ? 'not_allowed_token_type' : 'invalid_auth',
    );
  }
  const workspace = workspaces.find(({ botToken }) => botToken === token);
  if (!workspace) throw new SlackRefusalError(token === appToken ? 'not_allowed_token_type' : 'invalid_auth');
  return workspace;
}

const limited = (seconds: number): Answer => ({
  status: 429,
  body: { ok: false, error: 'ratelimited' },
  headers: { 'retry-after': String(seconds) },
});

function faultAnswer(fault: Fault | undefined): Answer | undefined {
  if (!fault || fault.loseAnswer || (fault.status === undefined && fault.error === undefined)) return undefined;
  if (fault.status === 429) return limited(fault.retryAfterSeconds ?? 1);
  return { status: fault.status ?? 200, body: { ok: false, error: fault.error ?? 'internal_error' } };
}

function carryOut(state: SlackState, method: string, workspace: SlackWorkspace, args: Arguments): Answer {
  const wait = state.limits?.take(method, workspace.teamId, textArgument(args, 'channel'));
  if (wait !== undefined) return limited(wait);
  const provided = workspace.scopes ?? SCOPES;
  const needed = neededScopes(method, args).find((scope) => scope && !provided.includes(scope));
  if (needed) return { status: 200, body: { ok: false, error: 'missing_scope', needed, provided: provided.join(',') } };
  const run = METHODS[method];
  if (!run) throw new SlackRefusalError('unknown_method');
  return { status: 200, body: { ok: true, ...run({ state, workspace, args }) } };
}

interface Asked {
  readonly method: string;
  readonly team: string | null;
  readonly args: Arguments;
  readonly startedAt: number;
}

function log({ journal }: SlackState, { method, team, args, startedAt }: Asked, { status, body }: Answer): void {
  const { ok, error, ts } = body;
  journal.append({
    kind: 'call',
    at: new Date(startedAt).toISOString(),
    method,
    team,
    arguments: args,
    status,
    ok: ok === true,
    ...(typeof error === 'string' ? { error } : {}),
    ...(typeof ts === 'string' ? { ts } : {}),
    ms: Date.now() - startedAt,
  });
}

function send(res: ServerResponse, { status, body, headers }: Answer): void {
  sendJson(res, status, body, { 'x-oauth-scopes': SCOPES.join(','), ...headers });
}
