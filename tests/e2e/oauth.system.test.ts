import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConnectionView } from '../../contracts/connections.ts';
import { createFakeIdentity, type FakeIdentity } from '../fakes/identity/index.ts';
import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import { json } from '../support/doors.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { askerOf, toolCall } from '../support/replies.ts';
import { callTool } from '../support/tools.ts';

/** Access that a person has granted, over the whole nubabel: an API and a worker that share one rotating grant. */
let nubabel: Nubabel;
let mcp: FakeMcp;
let identity: FakeIdentity;
let connection: ConnectionView;
beforeAll(async () => {
  const env = { EGRESS_ALLOW_PRIVATE: 'true', CREDENTIAL_KEYS: `k1:${randomBytes(32).toString('base64')}` };
  const tools = [{ name: 'search', description: 'Finds pages.', annotations: { readOnlyHint: true } }];
  [nubabel, mcp] = await Promise.all([startNubabel({ env }), createFakeMcp({ tools })]);
  identity = await createFakeIdentity({ upstream: mcp.url });
  const auth = { kind: 'oauth' };
  const given = { provider: 'wiki', name: 'Wiki', url: identity.resourceUrl, auth, trusted: true };
  connection = (await (await nubabel.request('/api/connections', json(given))).json()) as ConnectionView;
}, 120_000);
afterAll(async () => {
  await nubabel?.close();
  await identity?.close();
  await mcp?.close();
});

/** What a person does in their browser; answers the page they end on. */
async function grant(): Promise<string> {
  const begun = await nubabel.request(`/api/connections/${connection.id}/authorize`, { method: 'POST' });
  const { authorizationUrl } = (await begun.json()) as { authorizationUrl: string };
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  const back = await identity.grant(authorizationUrl);
  const page = await fetch(`${nubabel.url}${back.pathname}${back.search}`, { headers: { cookie } });
  return page.text();
}
const viewed = async () =>
  (await (await nubabel.request(`/api/connections/${connection.id}`)).json()) as ConnectionView;
const tokens = () =>
  identity.lines.flatMap(({ authorization }) => (authorization === undefined ? [] : [authorization]));

let waited = '';

describe('a connection that needs a grant', () => {
  it('says so, is granted, and has its tools at once', async () => {
    expect(connection).toMatchObject({ health: 'reconnect', tools: { active: 0 } });
    expect(await grant()).toContain('<h1>Connected</h1>');
    expect(await viewed()).toMatchObject({ health: 'healthy', lastError: null, tools: { active: 1 } });
    const { status, body } = await callTool(nubabel, 'wiki__search', { query: 'plan' });
    expect({ status, ended: body['status'] }).toEqual({ status: 200, ended: 'completed' });
  });

  it('is renewed by whoever comes first when the server ends the token', async () => {
    identity.endAccess();
    const calls = await Promise.all([1, 2, 3, 4].map((nth) => callTool(nubabel, 'wiki__search', { query: `q${nth}` })));
    expect(calls.map(({ body }) => body['status'])).toEqual(Array.from({ length: 4 }, () => 'completed'));
    expect(identity.lines.filter(({ grant }) => grant === 'refresh_token')).toHaveLength(1);
    expect(identity.count('reuse')).toBe(0);
  });

  it('lets a run wait when the grant is taken back, and the same run go on once it is given again', async () => {
    nubabel.model.setResponder((request) => {
      const [result] = request.allToolResults;
      if (askerOf(request) !== 'engineering') return { text: 'Nobody asked me.' };
      return result
        ? { text: `Found: ${result.text}\nCONFIDENCE: 0.9` }
        : toolCall('wiki__search', { query: 'needle' });
    });
    identity.revoke();
    const { jobId } = await nubabel.ask('Find the needle', { agents: ['engineering'] });
    waited = jobId;
    const waiting = await nubabel.jobWhen(
      jobId,
      ({ approval }) => approval?.kind === 'reconnect' && !approval.decision,
    );
    expect(waiting.approval?.plan.reconnect).toMatchObject({ connectionId: connection.id, connection: 'Wiki' });
    expect(await viewed()).toMatchObject({ health: 'reconnect' });
    expect(await grant()).toContain('<h1>Connected</h1>');
    const done = await nubabel.ended(jobId);
    expect(done.status).toBe('completed');
    expect(done.result?.primary_result).toContain('needle');
  });

  it('has told no token to anybody: not to logs, the database, the histories or the model', async () => {
    // Logs of every process, the fakes' journals, and Temporal's database with the histories.
    // A journal of SQLite comes and goes with its transaction.
    const files = readdirSync(nubabel.dir, { withFileTypes: true }).filter(
      (entry) => entry.isFile() && !entry.name.endsWith('-journal'),
    );
    const written = files.map(({ name }) => readFileSync(join(nubabel.dir, name), 'latin1'));
    const dump = await nubabel.database
      .look(`select query_to_xml('select * from ' || quote_ident(table_name), true, false, '')::text as rows
      from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`);
    const everything = JSON.stringify([written, dump]);
    // It would be seen: what the tool was asked stands in the database, and which job it was in a history.
    expect(everything).toContain('needle');
    expect(written[files.findIndex(({ name }) => name.startsWith('temporal') && !name.endsWith('.log'))]).toContain(
      waited,
    );
    expect(new Set(tokens()).size).toBeGreaterThanOrEqual(3);
    for (const token of new Set(tokens())) expect(everything.includes(token)).toBe(false);
  });
});
