import type { ConnectionTest, ConnectionView } from '../../contracts/connections.ts';
import type { EffectView } from '../../contracts/effects.ts';
import type { AcceptTools, ToolCallView, ToolView } from '../../contracts/tools.ts';
import type { ConnectionDraftBody } from '../../web/api/shapes.ts';

/** Connections of a scripted nubabel; they change only as its API is asked to. */
export const createConnections = () => ({
  views: new Map<string, ConnectionView>(),
  tools: new Map<string, ToolView[]>(),
  effects: new Map<string, EffectView[]>(),
  /** Of a job's tool calls also what they have answered. */
  calls: new Map<string, ToolCallView[]>(),
  /** What a test of a connection finds. */
  test: { ok: true, checks: [], latencyMs: 120, tools: 0 } as Omit<ConnectionTest, 'connection'>,
  authorizationUrl: '/granted',
});
type Connections = ReturnType<typeof createConnections>;

export const newConnection = (given: Partial<ConnectionView> = {}): ConnectionView => ({
  id: 'connection-1',
  provider: 'notion',
  slug: 'notion',
  name: 'Notion',
  kind: 'first_party',
  url: null,
  personal: false,
  userId: null,
  auth: { kind: 'api_key', set: true, expiresAt: null },
  categories: [],
  trusted: false,
  enabled: true,
  settings: {},
  health: 'healthy',
  lastError: null,
  checkedAt: new Date().toISOString(),
  brokenUntil: null,
  tools: { active: 1, quarantined: 0 },
  unusableTools: [],
  callLimits: {},
  createdAt: new Date().toISOString(),
  updatedAt: new Date().toISOString(),
  ...given,
});

export const newTool = (given: Partial<ToolView> = {}): ToolView => ({
  name: 'notion__createTask',
  remoteName: 'createTask',
  connectionId: 'connection-1',
  connection: 'Notion',
  title: null,
  description: 'Creates a task.',
  inputSchema: { type: 'object', properties: { title: { type: 'string' } } },
  outputSchema: null,
  annotations: {},
  risk: 'write',
  state: 'active',
  hash: 'hash-1',
  diff: [],
  alwaysAllowed: false,
  declaredRisk: null,
  ...given,
});

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** What `/api/connections…` answers; undefined where there is nothing. */
export function answerConnections(all: Connections, method: string, path: string, body: unknown): Answer | undefined {
  const [, , , id, action] = path.split('/');
  if (id === undefined)
    return method === 'POST'
      ? { status: 201, body: connect(all, body as ConnectionDraftBody) }
      : { status: 200, body: { connections: [...all.views.values()] } };
  const view = all.views.get(id);
  if (!view) return undefined;
  if (action === 'tools') return { status: 200, body: listOf(all, id) };
  if (action === 'accept') return { status: 200, body: accept(all, id, body as AcceptTools) };
  if (action === 'test') return { status: 200, body: { ...all.test, connection: view } };
  if (action === 'authorize') return { status: 200, body: { authorizationUrl: all.authorizationUrl } };
  if (method === 'DELETE') return all.views.delete(id) ? { status: 204 } : undefined;
  if (method === 'PATCH') all.views.set(id, { ...view, ...(body as { enabled?: boolean }), auth: view.auth });
  return { status: 200, body: all.views.get(id) };
}

function connect(all: Connections, { provider, name, auth }: ConnectionDraftBody): ConnectionView {
  const made = newConnection({ provider, slug: provider, name, auth: { kind: auth.kind, set: true, expiresAt: null } });
  all.views.set(made.id, made);
  return made;
}

const listOf = (all: Connections, id: string) => ({ tools: all.tools.get(id) ?? [], listedAt: null, error: null });

function accept(all: Connections, id: string, { tools = [] }: AcceptTools) {
  const names = new Set(tools.map(({ name }) => name));
  const next = (all.tools.get(id) ?? []).map((tool) =>
    names.has(tool.name) ? { ...tool, state: 'active' as const, diff: [] } : tool,
  );
  all.tools.set(id, next);
  return listOf(all, id);
}
