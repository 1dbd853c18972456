import { expect } from '@jest/globals';
import { pino } from 'pino';
import { randomUUID } from 'node:crypto';
import { createApp } from '../../../../api/app.ts';
import type { ApiDeps } from '../../../../api/deps.ts';
import { clientIdDocument } from '../../../../adapters/mcp/host/oauth/client.ts';
import { isDatabaseAway } from '../../../../db/database.ts';
import type { Delivery } from '../../../../domain/orchestrations/workflow-port.ts';
import { hashToken } from '../../../../domain/organizations/organizations.ts';
import { withOrganization } from '../../../../db/organization.ts';
import { putToken, putUser } from '../../../../db/queries/organizations.ts';
import type { Sealer } from '../../../../db/sealing.ts';
import type { Logger } from '../../../../logging.ts';
import type { ConnectionRef } from '../../../../domain/tools/tool-ports.ts';
import type { Tenant } from '../../../db/world.ts';
import type { TestDatabase } from '../../../support/database.ts';
import { checkUrl } from '../../../../adapters/mcp/host/checked-address.ts';
import { createAuthorizations } from '../../../../adapters/mcp/host/oauth/authorize.ts';
import { egress } from './nubabel.ts';

export const PUBLIC_URL = 'https://nubabel.test';

export interface GrantDoor {
  request(path: string, init?: RequestInit): Promise<Response>;
  /** Jobs that were told to go on, with what they were told. */
  readonly dispatched: { job: string; body: Record<string, unknown> }[];
  readonly forgotten: ConnectionRef[];
  /** Every answer that anybody got and every line of the log: secrets are looked for in it. */
  readonly said: string[];
}

/** The doors of grants over a real database, with a Temporal and tools that keep score. */
export function openGrantDoor(
  database: TestDatabase,
  sealer: Sealer | undefined,
  changes: Partial<ApiDeps> = {},
): GrantDoor {
  const [dispatched, forgotten, said]: [GrantDoor['dispatched'], ConnectionRef[], string[]] = [[], [], []];
  const deps = {
    db: database.db,
    sealer,
    authorizations: createAuthorizations(egress),
    checkAddress: (url: URL) => checkUrl(url, true),
    describeClient: clientIdDocument,
    isDatabaseAway,
    log: logInto(said),
    webDir: 'web',
    publicUrl: PUBLIC_URL,
    allowPrivateAddresses: true,
    agents: new Map(),
    wakeReaders: () => undefined,
    dispatcher: {
      now: ({ orchestrationId: job, body }: Delivery) => {
        dispatched.push({ job, body });
        return Promise.resolve();
      },
    },
    tools: {
      forget: (on: ConnectionRef) => Promise.resolve(void forgotten.push(on)),
      refresh: () => Promise.resolve(),
    },
    ...changes,
  } as unknown as ApiDeps;
  const app = createApp(deps, undefined);
  return {
    dispatched,
    forgotten,
    said,
    request: async (path, init) => {
      const response = await app.request(path, init);
      said.push(`${JSON.stringify([...response.headers])} ${await response.clone().text()}`);
      return response;
    },
  };
}

/** A log as it is written: errors with all of their causes. */
const logInto = (said: string[]): Logger => pino({ level: 'trace' }, { write: (line: string) => void said.push(line) });

/** A person with a token. */
export async function createCaller(
  database: TestDatabase,
  { organizationId }: Tenant,
  role: 'admin' | 'user' | 'guest',
) {
  const [userId, token] = [randomUUID(), `nub_${randomUUID()}`];
  await withOrganization(database.db, organizationId, async (trx) => {
    await putUser(trx, { organization_id: organizationId, id: userId, name: 'Grace', role });
    await putToken(trx, {
      organization_id: organizationId,
      token_hash: hashToken(token),
      user_id: userId,
      name: 'test',
    });
  });
  return { userId, headers: { authorization: `Bearer ${token}` } };
}
export type Caller = Awaited<ReturnType<typeof createCaller>>;

export const askFor = (door: GrantDoor, { connectionId }: ConnectionRef, caller: Caller): Promise<Response> =>
  door.request(`/api/connections/${connectionId}/authorize`, { method: 'POST', headers: caller.headers });

export interface BegunInBrowser {
  readonly url: string;
  readonly cookie: string;
  readonly setCookie: string;
}

/** A browser asks for a grant and keeps the cookie. */
export async function beginGrant(door: GrantDoor, on: ConnectionRef, caller: Caller): Promise<BegunInBrowser> {
  const response = await askFor(door, on, caller);
  const { authorizationUrl: url } = (await response.json()) as { authorizationUrl: string };
  const setCookie = response.headers.get('set-cookie') ?? '';
  return { url, setCookie, cookie: setCookie.split(';')[0] ?? '' };
}

/** The browser comes back, and its address bar shows nothing secret; answers what the person reads. */
export async function backInBrowser(
  door: GrantDoor,
  to: URL,
  cookie: string | undefined,
  language = 'en',
): Promise<string> {
  const headers = { ...(cookie && { cookie }), 'accept-language': language };
  const sent = await door.request(`${to.pathname}${to.search}`, { headers });
  expect(sent.status).toBe(303);
  const location = sent.headers.get('location') ?? '';
  expect(location).toMatch(/^\/api\/connections\/oauth\/done\?outcome=[a-z]+$/);
  const page = await door.request(location, { headers });
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
  return page.text();
}
