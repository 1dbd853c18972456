import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { NOTION } from './fakes/notion/index.ts';
import { StartError } from './start-error.ts';

/** The demo Notion and the token it takes. */
export interface DemoNotion {
  readonly url: string;
  readonly token: string;
}

interface DemoNubabel {
  readonly apiUrl: string;
  /** An admin's of the default organization. */
  readonly token: string;
  readonly dataDir: string;
}

/** What was done for the demo, so that it is done once: a connection that somebody has deleted stays deleted. */
const Kept = z.object({ connectionId: z.string(), url: z.string(), switchedOff: z.boolean().default(false) });
type Kept = z.infer<typeof Kept>;

const Connections = z.object({ connections: z.array(z.object({ id: z.string(), provider: z.string() })) });
const Made = z.object({ id: z.string() });

/**
 * Connects the default organization to the demo Notion as its admin would, once; follows it to another port, and
 * switches the connection off while no demo runs. Answers what a person has to know, if anything.
 * @throws StartError when the API refuses.
 */
export async function connectDemoNotion(
  nubabel: DemoNubabel,
  notion: DemoNotion | undefined,
): Promise<'connected' | 'left alone'> {
  const kept = readKept(nubabel);
  const connections = kept || notion ? await listConnections(nubabel) : [];
  if (kept && !connections.some(({ id }) => id === kept.connectionId)) return 'left alone';
  if (kept) return followed(nubabel, kept, notion);
  if (!notion || connections.some(({ provider }) => provider === 'notion')) return 'left alone';
  const { id } = Made.parse(await ask(nubabel, 'POST', '/api/connections', toConnection(notion)));
  writeKept(nubabel, { connectionId: id, url: notion.url, switchedOff: false });
  return 'connected';
}

async function followed(nubabel: DemoNubabel, kept: Kept, notion: DemoNotion | undefined) {
  const path = `/api/connections/${kept.connectionId}`;
  if (!notion) {
    if (!kept.switchedOff) await ask(nubabel, 'PATCH', path, { enabled: false });
    writeKept(nubabel, { ...kept, switchedOff: true });
    return 'left alone' as const;
  }
  const { url, auth } = toConnection(notion);
  const change = { ...(kept.url !== url && { url, auth }), ...(kept.switchedOff && { enabled: true }) };
  if (Object.keys(change).length > 0) await ask(nubabel, 'PATCH', path, change);
  writeKept(nubabel, { ...kept, url, switchedOff: false });
  return 'connected' as const;
}

const toConnection = ({ url, token }: DemoNotion) => ({
  provider: 'notion',
  name: 'Demo Notion',
  url,
  auth: { kind: 'api_key', apiKey: token },
  settings: { database: NOTION.tasks },
});

const listConnections = async (nubabel: DemoNubabel) =>
  Connections.parse(await ask(nubabel, 'GET', '/api/connections?limit=200')).connections;

async function ask({ apiUrl, token }: DemoNubabel, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${apiUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(60_000),
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new StartError(`The demo Notion could not be connected: ${answer.status} ${text}`);
  return JSON.parse(text);
}

const fileOf = ({ dataDir }: DemoNubabel) => join(dataDir, 'demo-notion-connection.json');

const readKept = (nubabel: DemoNubabel): Kept | undefined =>
  existsSync(fileOf(nubabel)) ? Kept.parse(JSON.parse(readFileSync(fileOf(nubabel), 'utf8'))) : undefined;

const writeKept = (nubabel: DemoNubabel, kept: Kept): void =>
  writeFileSync(fileOf(nubabel), `${JSON.stringify(kept)}\n`, { mode: 0o600 });
