import { randomUUID } from 'node:crypto';
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import type { Principal } from '../../contracts/request.ts';

/** For whom a provider's tools are served. A session belongs to a person and a provider: nobody else finds it. */
export interface Served {
  readonly provider: string;
  /** As the last request found them: a role may change while a session lasts. */
  principal: Principal;
}

export interface McpSessions {
  /** Answers a request outside of a session; one that initializes gets a session. */
  begin(served: Served, server: Server, request: Request): Promise<Response>;
  /** Answers a request of a session; undefined when the owner has none with this id. */
  continue(served: Served, id: string, request: Request): Promise<Response> | undefined;
  /** Ends all, with their streams. */
  close(): Promise<void>;
}

interface Session {
  readonly served: Served;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly server: Server;
  readonly timer: NodeJS.Timeout;
}

/** A session that nobody has used for so long is over. */
const IDLE_MS = 3_600_000;
/** Sessions of one organization; the one that was not used for longest makes room. */
const MAX_PER_ORGANIZATION = 100;
/** Largest message that is read. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

const isSame = (a: Served, b: Served): boolean =>
  a.provider === b.provider &&
  a.principal.organizationId === b.principal.organizationId &&
  a.principal.userId === b.principal.userId;

/**
 * The MCP sessions of this process. Nothing is lost with them but the connection: a client that is told 404 begins
 * again, here or at another process.
 */
export function createMcpSessions({ idleMs = IDLE_MS, maxPerOrganization = MAX_PER_ORGANIZATION } = {}): McpSessions {
  // In the order of use: the first was not used for longest.
  const sessions = new Map<string, Session>();

  const end = async (id: string): Promise<void> => {
    const session = sessions.get(id);
    if (!session) return;
    sessions.delete(id);
    clearTimeout(session.timer);
    await session.server.close();
  };

  const keep = (id: string, session: Omit<Session, 'timer'>): void => {
    const { organizationId } = session.served.principal;
    const ofOrganization = [...sessions].filter(([, { served }]) => served.principal.organizationId === organizationId);
    const oldest = ofOrganization[0]?.[0];
    if (oldest !== undefined && ofOrganization.length >= maxPerOrganization) void end(oldest);
    const timer = setTimeout(() => void end(id), idleMs).unref();
    sessions.set(id, { ...session, timer });
  };

  return {
    async begin(served, server, request) {
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: () => `mcp-session-${randomUUID()}`,
        onsessioninitialized: (id) => keep(id, { served, transport, server }),
        onsessionclosed: end,
        maxRequestBodySize: MAX_MESSAGE_BYTES,
      });
      await server.connect(transport);
      const response = await transport.handleRequest(request);
      if (transport.sessionId === undefined) await server.close();
      return response;
    },
    continue(served, id, request) {
      const session = sessions.get(id);
      if (!session || !isSame(session.served, served)) return undefined;
      sessions.delete(id);
      sessions.set(id, session);
      session.timer.refresh();
      session.served.principal = served.principal;
      return session.transport.handleRequest(request);
    },
    close: async () => void (await Promise.all([...sessions.keys()].map(end))),
  };
}
