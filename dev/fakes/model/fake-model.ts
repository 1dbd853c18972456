import { listen, sendJson } from '../http-server.ts';
import { openJournal, type Journal, type JournalOptions } from '../journal.ts';
import { createWaiters, type Waiters } from '../waiters.ts';
import { createControl } from './control.ts';
import { createGate } from './gate.ts';
import { KNOWN_MODELS, type KnownModel } from './models.ts';
import type { KeyRules } from './read-request.ts';
import { echo } from './from-schema.ts';
import { createMessagesApi, type ModelState } from './routes.ts';
import type { ModelLogLine, ModelRequest, Responder } from './types.ts';
import { createPromptCache } from './usage.ts';

export interface FakeModelOptions extends JournalOptions, KeyRules {
  readonly port?: number;
  readonly host?: string;
  /** What the model says; echoes the user's text unless told. */
  readonly respond?: Responder;
  readonly models?: readonly KnownModel[];
  /** False for a gateway that answers whole, also when a stream is asked for. */
  readonly streams?: boolean;
  /** Shortest prefix that is cached, in tokens; 0 unless told, because the provider's minimum depends on the model. */
  readonly minCacheTokens?: number;
  /** Serve `/_control/*`, for a fake in a process of its own. */
  readonly control?: boolean;
}

export interface FakeModel {
  readonly url: string;
  readonly port: number;
  readonly log: readonly ModelLogLine[];
  /** Requests that passed validation, in order of arrival. */
  readonly requests: readonly ModelRequest[];
  setResponder(respond: Responder): void;
  /** Holds every answer until `resume`. */
  pause(): void;
  resume(): void;
  /** Resolves when `count` valid requests have arrived since the start. */
  waitForRequests(count: number, timeoutMs?: number): Promise<readonly ModelRequest[]>;
  /** Resolves when `count` log lines match. */
  waitForLog(
    count: number,
    where?: (line: ModelLogLine) => boolean,
    timeoutMs?: number,
  ): Promise<readonly ModelLogLine[]>;
  close(): Promise<void>;
}

/** Starts a server that speaks Anthropic's Messages API. */
export async function createFakeModel(options: FakeModelOptions = {}): Promise<FakeModel> {
  const waiters = createWaiters();
  const state: ModelState = {
    keys: options,
    models: options.models ?? KNOWN_MODELS,
    streams: options.streams ?? true,
    journal: announcing(openJournal<ModelLogLine>(options), waiters),
    waiters,
    cache: createPromptCache(options.minCacheTokens ?? 0),
    gate: createGate(),
    requests: [],
    respond: options.respond ?? echo,
  };
  const messagesApi = createMessagesApi(state);
  const control = options.control ? createControl(state) : undefined;
  const server = await listen(
    async (req, res) => {
      if (req.url === '/health') return sendJson(res, 200, { status: 'ok', fake: 'model' });
      if (control && req.url?.startsWith('/_control/')) return control(req, res);
      return messagesApi(req, res);
    },
    options.port,
    options.host,
  );
  return { url: server.url, port: server.port, ...handlesOf(state, server.close) };
}

const announcing = <Line>(journal: Journal<Line>, waiters: Waiters): Journal<Line> => ({
  ...journal,
  append(line) {
    journal.append(line);
    waiters.notify();
  },
});

function handlesOf(state: ModelState, closeServer: () => Promise<void>): Omit<FakeModel, 'url' | 'port'> {
  const { journal, requests, gate, waiters } = state;
  const atLeast = <T>(count: number, list: readonly T[]) => (list.length >= count ? list : undefined);
  return {
    log: journal.lines,
    requests,
    setResponder: (respond) => void (state.respond = respond),
    pause: gate.pause,
    resume: gate.resume,
    waitForRequests: (count, timeoutMs) =>
      waiters.until(`${count} model requests`, () => atLeast(count, requests), timeoutMs),
    waitForLog: (count, where = () => true, timeoutMs) =>
      waiters.until(`${count} model log lines`, () => atLeast(count, journal.lines.filter(where)), timeoutMs),
    async close() {
      await closeServer();
      journal.close();
    },
  };
}
