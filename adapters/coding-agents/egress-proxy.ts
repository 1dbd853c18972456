import { chmod, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, RequestOptions, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { pipeline, type Duplex } from 'node:stream';
import { EgressRefusedError } from '../../domain/connections/connection-ports.ts';
import { checkUrl, createCheckedLookup, resolveBySystem, type Resolve } from '../mcp/host/checked-address.ts';
import { makeProxyFolder, SOCKET_NAME } from './proxy-folders.ts';

/** At once, of one run. */
const MAX_CONNECTIONS = 64;
/** As in undici: a connection that says nothing for so long is taken for dead, ms. */
const IDLE_MS = 300_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Refusals of one run that people are told. */
const MAX_TOLD = 50;
/** A name of a host has 253 at most. */
const MAX_TARGET_CHARS = 300;
/** They are about one connection, and mean something else on the next one (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set(
  'connection,keep-alive,proxy-authenticate,proxy-authorization,proxy-connection,te,trailer,upgrade'.split(','),
);
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

interface EgressProxyDeps {
  /** The address of the agent's model API, where the operator has named one; it may be on a local network. */
  readonly baseUrl: string | undefined;
  /** `host`, `host:port` or `*.host`; port 443 when left out. Reached only while they are on the public internet. */
  readonly hosts: readonly string[];
  /** Given what was refused, each once. */
  readonly onRefused: (target: string) => void;
  readonly resolve?: Resolve;
  /** Longest silence of a connection, ms. */
  readonly idleMs?: number;
}

/** The only way to the network of one run. */
export interface EgressProxy {
  /** The Unix socket on which it speaks HTTP: CONNECT, and requests with a whole address. */
  readonly socket: string;
  /** `host:port` of a model API on the worker's own loopback, which programs call without any proxy. */
  readonly local: string | undefined;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * A forward proxy for one coding agent. What it asks for has to be allowed, and to lead to the public internet after it
 * was looked up; the connection goes to the address that was judged. Only the model API that the operator has named may
 * be elsewhere, at exactly its host and port. @throws when the socket cannot be made.
 */
export async function openEgressProxy(deps: EgressProxyDeps): Promise<EgressProxy> {
  const { idleMs = IDLE_MS, baseUrl } = deps;
  const judge = createJudge(deps);
  const refusal = createRefusal(deps.onRefused);
  const open = new Set<Duplex>();
  const track = <T extends Duplex>(stream: T): T => {
    open.add(stream);
    // Whoever is at the other end may reset it at any time, also after an answer.
    stream.on('error', ignore).once('close', () => open.delete(stream));
    return stream;
  };
  const server = createServer({ maxHeaderSize: 64 * 1024 });
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(idleMs);
  server.on('connection', track);
  server.on('connect', (asked: IncomingMessage, near: Duplex, head: Buffer) => {
    const fail = (error: unknown) => {
      const { status, text } = refusal(error, asked.url);
      near.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\n${text}\n`);
      near.resume();
    };
    orFail(fail, () =>
      tunnel({ near, head, track, idleMs, fail, ...judge(parse(`https://${asked.url ?? ''}`, true)) }),
    );
  });
  server.on('request', (asked: IncomingMessage, reply: ServerResponse) => {
    const fail = (error: unknown) => {
      if (reply.headersSent) reply.destroy();
      if (reply.headersSent) return;
      const { status, text } = refusal(error, asked.url);
      reply.writeHead(status, { connection: 'close', 'content-type': 'text/plain' }).end(`${text}\n`);
    };
    orFail(fail, () => forward({ asked, reply, track, idleMs, fail, url: parse(asked.url ?? ''), judge }));
  });
  const folder = await makeProxyFolder();
  const socket = join(folder, SOCKET_NAME);
  await new Promise<void>((done, failed) => server.on('error', failed).listen(socket, done));
  // The agent is another user; nobody else can enter the folder.
  await chmod(socket, 0o666);
  const api = baseUrl === undefined ? undefined : new URL(baseUrl);
  return {
    socket,
    local: api && LOOPBACK.test(api.hostname) ? nameOf(api) : undefined,
    async close() {
      const closed = new Promise((done) => server.close(done));
      for (const stream of open) stream.destroy();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Fail = (error: unknown) => void;
type Judge = (url: URL) => Pick<RequestOptions, 'host' | 'port' | 'lookup'>;
type Track = <T extends Duplex>(stream: T) => T;

function orFail(fail: Fail, work: () => void): void {
  try {
    work();
  } catch (error) {
    fail(error);
  }
}

/** @throws EgressRefusedError when it is no address, or `bare` and more than a host and a port. */
function parse(text: string, bare = false): URL {
  const url = URL.parse(text);
  const isBare = url?.pathname === '/' && url.search === '' && url.hash === '';
  if (!url || (bare && !isBare)) throw new EgressRefusedError('This is not an address.');
  return url;
}

const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === 'http:' ? 80 : 443);
/** One form of each: the URL parser has lowered it, and made four numbers of whatever stands for an IPv4 address. */
const nameOf = (url: URL): string => `${url.hostname.replace(/\.+$/, '')}:${portOf(url)}`;

/** Says how to connect to what an address names. It throws EgressRefusedError for what must not be reached. */
function createJudge({ baseUrl, hosts, resolve = resolveBySystem }: EgressProxyDeps): Judge {
  const modelApi = baseUrl === undefined ? undefined : nameOf(new URL(baseUrl));
  const allowed = hosts.map((host) => (/:\d+$/.test(host) ? host : `${host}:443`).toLowerCase());
  return (url) => {
    const name = nameOf(url);
    const isModelApi = name === modelApi;
    if (!isModelApi && !allowed.some((each) => (each.startsWith('*.') ? name.endsWith(each.slice(1)) : name === each)))
      throw new EgressRefusedError(`${name} is not among the hosts that a coding agent may reach.`);
    if (!isModelApi) checkUrl(new URL(`https://${name}`), false);
    const host = url.hostname.replaceAll(/^\[|\]$|\.+$/g, '');
    return { host, port: portOf(url), lookup: createCheckedLookup(resolve, isModelApi) };
  };
}

/** What the agent is answered; people are told of what it was refused. */
function createRefusal(onRefused: (target: string) => void) {
  const told = new Set<string>();
  return (error: unknown, asked = ''): { status: number; text: string } => {
    const target = asked.slice(0, MAX_TARGET_CHARS);
    if (!(error instanceof EgressRefusedError)) return { status: 502, text: `${target} could not be reached.` };
    if (told.size < MAX_TOLD && !told.has(target)) onRefused(target);
    if (told.size < MAX_TOLD) told.add(target);
    return { status: 403, text: `${error.message} The operator can allow more hosts in DELEGATION_ALLOWED_HOSTS.` };
  };
}

interface Tunnel extends ReturnType<Judge> {
  readonly near: Duplex;
  /** What came with the request. */
  readonly head: Buffer;
  readonly track: Track;
  readonly idleMs: number;
  readonly fail: Fail;
}

function tunnel({ near, head, track, idleMs, fail, host, port, lookup }: Tunnel): void {
  const to = { host: host ?? '', port: Number(port), lookup, allowHalfOpen: true, timeout: CONNECT_TIMEOUT_MS };
  const far = track(connect(to));
  far.once('error', fail);
  far.on('timeout', () => far.destroy(new Error('It was silent for too long.')));
  near.on('error', () => far.destroy());
  near.once('close', () => far.destroy());
  far.once('connect', () => {
    far.off('error', fail);
    far.setTimeout(idleMs);
    near.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    far.write(head);
    pipeline(near, far, ignore);
    pipeline(far, near, ignore);
  });
}

/** Either end may go at any time; a pipeline then ends the other. */
const ignore = () => {};

interface Forwarding extends Pick<Tunnel, 'track' | 'idleMs' | 'fail'> {
  readonly asked: IncomingMessage;
  readonly reply: ServerResponse;
  readonly url: URL;
  readonly judge: Judge;
}

function forward({ asked, reply, track, idleMs, fail, url, judge }: Forwarding): void {
  if (url.protocol !== 'http:') throw new EgressRefusedError(`${url.protocol}// goes through CONNECT only.`);
  const headers = { ...endToEnd(asked.headers), host: url.host, connection: 'close' };
  const path = `${url.pathname}${url.search}`;
  const far = request({ ...judge(url), method: asked.method, path, headers, agent: false, timeout: idleMs });
  far.once('socket', track);
  far.on('error', fail);
  far.once('timeout', () => far.destroy());
  reply.once('close', () => far.destroy());
  // Whoever answers may say what cannot be said on: a status below 100, a header with a line break.
  far.once('response', (answer) => {
    const refuse = (error: unknown) => {
      answer.destroy();
      fail(error);
    };
    orFail(refuse, () => {
      reply.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
      pipeline(answer, reply, ignore);
    });
  });
  far.once('upgrade', (_answer, socket) => {
    socket.destroy();
    fail(new Error('Nobody has asked for another protocol.'));
  });
  asked.pipe(far);
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  // What says where a body ends is about every connection.
  for (const name of ['content-length', 'transfer-encoding']) named.delete(name);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && !named.has(name)));
}
