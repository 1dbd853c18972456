import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { createFakeJira, DEMO_JIRA_USER, type FakeJira } from '../fakes/jira/index.ts';
import { approveShown } from '../support/approvals.ts';
import { json } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';

let nubabel: Nubabel;
let fake: FakeJira;
let member: Person;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
  member = await addPerson(nubabel);
  fake = await createFakeJira();
  const { email, token: apiKey } = DEMO_JIRA_USER;
  const auth = { kind: 'api_key', email, apiKey };
  const body = { provider: 'jira', name: 'Jira', url: fake.url, auth, settings: { project: 'OPS' } };
  const made = await (await nubabel.request('/api/connections', json(body))).json();
  expect(made).toMatchObject({ kind: 'first_party', tools: { active: 3 } });
}, 90_000);
afterAll(async () => {
  await nubabel?.close();
  await fake?.close();
});

/** Another program with a token of ours. */
async function connect(token = member.token): Promise<Client> {
  const client = new Client({ name: 'other', version: '1' });
  const url = new URL('/mcp/jira', nubabel.url);
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
  return client;
}

describe('another program', () => {
  it('reads at once, and changes what a person has approved, once', async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      'jira__createIssue',
      'jira__getIssues',
      'jira__updateIssue',
      'nubabel__followJob',
    ]);
    const told: unknown[] = [];
    const onprogress = ({ message }: { message?: string }) => told.push(message);
    const read = await client.callTool({ name: 'jira__getIssues', arguments: {} }, undefined, { onprogress });
    expect(read).toMatchObject({ isError: false, structuredContent: { issues: [] } });
    expect(told.length).toBeGreaterThan(0);
    const waiting = await client.callTool({ name: 'jira__createIssue', arguments: { summary: 'From elsewhere' } });
    expect(waiting).toMatchObject({ isError: false, structuredContent: { waiting: { status: 'awaiting_approval' } } });
    expect(fake.issues).toEqual([]);
    const { jobId, jobUrl } = (waiting.structuredContent as { waiting: { jobId: string; jobUrl: string } }).waiting;
    const followed = await member.request(new URL(jobUrl).pathname);
    expect([followed.status, await followed.json()]).toMatchObject([200, { jobId, status: 'awaiting_approval' }]);
    const follow = (by = client) => by.callTool({ name: 'nubabel__followJob', arguments: { jobId } });
    const stranger = await connect((await addPerson(nubabel)).token);
    expect(await follow(stranger)).toMatchObject({ isError: true });
    await stranger.close();
    const outcome = follow();
    expect((await approveShown(nubabel, jobId)).status).toBe(200);
    expect(await outcome).toMatchObject({
      isError: false,
      structuredContent: { key: 'OPS-1' },
      _meta: { 'nubabel/job': jobId, 'nubabel/effect': { state: 'DONE', resource: { id: 'OPS-1' } } },
    });
    await eventually('the issue', () => fake.issues[0]?.summary === 'From elsewhere');
    expect(fake.changes('issue.created')).toHaveLength(1);
    await client.close();
  });

  it('is told in a sentence what cannot be kept, whatever stands where, and the server has no fault', async () => {
    const client = await connect();
    const odd = ['a\u0000b', '\ud800', '__proto__', 'constructor', 'x'.repeat(100_000), null, [], {}, [null]];
    for (const summary of odd) {
      const { content } = await client.callTool({ name: 'jira__createIssue', arguments: { summary } });
      expect(JSON.stringify(content)).not.toContain('failed on our side');
    }
    for (const name of ['a\u0000b', '\ud800', '__proto__', 'constructor', 'x'.repeat(10_000)]) {
      const called = client.callTool({ name, arguments: {} });
      await expect(called).rejects.toThrow('There is no tool');
      const withArguments = client.callTool({ name: 'jira__getIssues', arguments: { [name]: name } });
      expect(JSON.stringify(await withArguments)).not.toContain('failed on our side');
    }
    await client.close();
  });
});
