import { listen, sendJson } from '../http-server.ts';
import { openJournal, type JournalOptions } from '../journal.ts';
import { createWaiters } from '../waiters.ts';
import { createDeliverer, type Deliverer } from './deliver.ts';
import { changedEvent, messageEvent, wrapEvent } from './events.ts';
import { createFaults, type Fault } from './faults.ts';
import { handlesOf, type SlackHandles } from './handles.ts';
import { createMessageStore, type MessageEvent } from './messages.ts';
import { createPage } from './page.ts';
import { createPeople, type People } from './people.ts';
import { postEvent, type Post, type Tampering } from './post-event.ts';
import { createRateLimits } from './rate-limits.ts';
import { createSocketMode } from './socket-mode.ts';
import { findChannel, workspaceOf, type SlackState } from './state.ts';
import type { Delivery, SlackLogLine, SlackMessage, SlackUser, SlackWorkspace } from './types.ts';
import { createWebApi } from './web-api.ts';
import { demoWorkspace } from './world.ts';

export interface FakeSlackOptions extends JournalOptions {
  readonly port?: number;
  readonly host?: string;
  readonly workspaces?: readonly SlackWorkspace[];
  readonly appToken?: string;
  readonly signingSecret?: string;
  /** Where events are posted unless a Socket Mode client is connected. */
  readonly eventsUrl?: string;
  readonly limits?: 'real' | 'off';
  /** A mention in a channel is also a `message` event, as for an app that subscribes to `message.channels`. */
  readonly alsoMessageEvent?: boolean;
  /** Tell the app about its own messages and edits too, as Slack does with that subscription. */
  readonly ownMessageEvents?: boolean;
  readonly ackTimeoutMs?: number;
  readonly retryDelaysMs?: readonly number[];
  /** Characters of text that `chat.update` takes before it answers `msg_too_long`. */
  readonly updateTextLimit?: number;
  /** Serve the chat page at `/`. */
  readonly page?: boolean;
}

export interface FakeSlack extends People, SlackHandles {
  readonly url: string;
  readonly port: number;
  /** For `slackApiUrl`. */
  readonly apiUrl: string;
  readonly signingSecret: string;
  setEventsUrl(url: string | undefined): void;
  /** Posts a body once over HTTP, with whatever signature, stamp and headers an attacker likes. */
  deliver(rawEvent: unknown, tampering?: Tampering): Promise<Delivery>;
  /** What an admin of the workspace does to somebody: makes a guest of them, deactivates them. */
  changeUser(id: string, changes: Partial<SlackUser>): void;
  /** Spoils the next calls of a method. */
  failNext(method: string, fault: Fault): void;
  /** Whether a Socket Mode client is connected. */
  socketConnected(): boolean;
  /** Sends whatever text over Socket Mode, whether it is an envelope or not. */
  sendOverSocket(text: string): void;
  /** Makes Socket Mode clients connect anew. */
  refreshSockets(): void;
  close(): Promise<void>;
}

/** Starts a server that speaks Slack's Web API, Events API and Socket Mode. */
export async function createFakeSlack(options: FakeSlackOptions = {}): Promise<FakeSlack> {
  const { signingSecret = 'demo-signing-secret', ackTimeoutMs = 3000, retryDelaysMs = [0, 60_000, 300_000] } = options;
  let { eventsUrl } = options;
  let changed = (_what: MessageEvent, _message: SlackMessage): void => undefined;
  const state = createState(options, (what, message) => changed(what, message));
  const { journal } = state;
  const socket = createSocketMode(journal, workspaceOf(state).appId);
  const common = { journal, socket, signingSecret, ackTimeoutMs, retryDelaysMs };
  const deliverer = createDeliverer({ ...common, eventsUrl: () => eventsUrl });
  if (options.ownMessageEvents) changed = tellOwnMessages(state, deliverer);
  const people = createPeople(state, deliverer, options.alsoMessageEvent ?? true);
  const webApi = createWebApi(state);
  const page = options.page ? createPage(state, people) : undefined;
  const server = await listen(
    async (req, res) => {
      if (req.url === '/health') return sendJson(res, 200, { status: 'ok', fake: 'slack' });
      if (req.url?.startsWith('/api/')) return webApi(req, res);
      if (page) return page(req, res);
      return sendJson(res, 404, { ok: false, error: 'not_found' });
    },
    options.port,
    options.host,
  );
  state.socketUrl = `${server.url.replace('http', 'ws')}/link/?ticket=demo&app_id=${workspaceOf(state).appId}`;
  socket.attach(server.server);
  return {
    url: server.url,
    port: server.port,
    apiUrl: `${server.url}/api/`,
    signingSecret,
    ...people,
    ...handlesOf(state),
    setEventsUrl: (url) => void (eventsUrl = url),
    deliver: (rawEvent, tampering) =>
      deliverRaw(rawEvent, { eventsUrl, signingSecret, timeoutMs: ackTimeoutMs, tampering }),
    changeUser: (id, changes) => void state.changedUsers.set(id, { ...state.changedUsers.get(id), ...changes }),
    failNext: state.faults.add,
    socketConnected: socket.connected,
    sendOverSocket: socket.sendRaw,
    refreshSockets: socket.refresh,
    async close() {
      deliverer.close();
      socket.close();
      await server.close();
      journal.close();
    },
  };
}

async function deliverRaw(
  rawEvent: unknown,
  { eventsUrl, ...post }: Omit<Post, 'rawBody' | 'eventsUrl'> & { readonly eventsUrl?: string },
): Promise<Delivery> {
  if (!eventsUrl) throw new Error('There is no events URL.');
  const rawBody = typeof rawEvent === 'string' ? rawEvent : JSON.stringify(rawEvent);
  const { noRetry: _, ...result } = await postEvent({ ...post, eventsUrl, rawBody });
  return { eventId: '', type: 'raw', attempt: 0, via: 'http', ...result };
}

function createState(
  options: FakeSlackOptions,
  changed: (what: MessageEvent, message: SlackMessage) => void,
): SlackState {
  const waiters = createWaiters();
  const file = openJournal<SlackLogLine>(options);
  return {
    // A copy: channels are archived and left while it runs.
    workspaces: structuredClone(options.workspaces ?? [demoWorkspace()]),
    changedUsers: new Map(),
    appToken: options.appToken ?? 'xapp-demo',
    messages: createMessageStore((what, message) => {
      waiters.notify();
      changed(what, message);
    }),
    ephemerals: [],
    journal: {
      ...file,
      append(line) {
        file.append(line);
        waiters.notify();
      },
    },
    waiters,
    faults: createFaults(),
    ...(options.limits === 'off' ? {} : { limits: createRateLimits() }),
    updateTextLimit: options.updateTextLimit ?? 4000,
    socketUrl: '',
  };
}

const tellOwnMessages =
  (state: SlackState, deliverer: Deliverer) =>
  (what: MessageEvent, message: SlackMessage): void => {
    if (!message.bot_id || (what !== 'added' && what !== 'edited')) return;
    const workspace = workspaceOf(state, message.team);
    const channel = findChannel(workspace, message.channel);
    if (!channel) return;
    const edited = () => changedEvent(message, channel, state.messages.nextTs());
    const event = what === 'added' ? messageEvent(message, channel) : edited();
    void deliverer.send([wrapEvent(workspace, event)]);
  };
