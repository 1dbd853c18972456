import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { loadSettings } from '../../config.ts';
import { orchestrationWorkflowId } from '../../contracts/queues.ts';
import { replayHistory } from '../../workers/bundle.ts';
import { approveShown } from '../support/approvals.ts';
import { canary, formsOf } from '../support/canaries.ts';
import { testServers } from '../support/database.ts';
import { expectProblem, json } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import { silenceRuntime } from '../workflows/support/environment.ts';

const newKey = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const [FIRST, SECOND] = [newKey('k1'), newKey('k2')];
const UI = 'http://temporal-ui.example:8080';
/** What a provider says when it refuses ends up in the failure of an activity. */
const [PROMPT, ANSWER, REFUSAL] = [canary('prompt'), canary('answer'), canary('refusal')];

let nubabel: Nubabel;
let other: Person;
let workflowId: string;
beforeAll(async () => {
  silenceRuntime();
  nubabel = await startNubabel({ env: { PAYLOAD_KEYS: FIRST, TEMPORAL_UI_URL: UI } });
  other = await addPerson(nubabel, { newOrganization: 'Other', role: 'admin' });
  nubabel.model.setResponder(({ userText }) =>
    userText.includes('Refuse')
      ? { error: { status: 400, type: 'invalid_request_error', message: REFUSAL } }
      : { text: `${ANSWER}\nCONFIDENCE: 0.9` },
  );
  await nubabel.ended((await nubabel.ask(`Do it ${PROMPT}`, { agents: ['ops'] })).jobId);
  const { jobId } = await nubabel.ask(`Refuse it ${PROMPT}`, { agents: ['ops'] });
  await nubabel.ended(jobId);
  workflowId = nubabel.workflowId(jobId);
}, 150_000);
afterAll(() => nubabel?.close());

/** As anybody sees it who may read Temporal; with a token, as its command line shows it to that person. */
const show = (id: string, token?: string): string => {
  const codec = token ? [`--codec-endpoint=${nubabel.url}/codec`, `--codec-auth=Bearer ${token}`] : [];
  const args = ['workflow', 'show', `--address=${nubabel.address}`, `--workflow-id=${id}`, '--output=json', ...codec];
  return execFileSync(testServers().temporalCli, args).toString();
};
/** With the bytes of payloads readable. */
const readable = (history: string): string =>
  history + history.replaceAll(/"data":\s*"([\w+/=-]+)"/g, (_, data: string) => Buffer.from(data, 'base64').toString());

interface WirePayload {
  readonly metadata: Record<string, string>;
  readonly data: string;
}
/** Every payload of a history, wherever it stands. */
function payloadsOf(history: string): WirePayload[] {
  const found: WirePayload[] = [];
  JSON.parse(history, (_, value: unknown) => {
    if (value instanceof Object && 'metadata' in value && 'data' in value) found.push(value as WirePayload);
    return value;
  });
  return found;
}
const decode = (payloads: readonly unknown[], by: Pick<Nubabel, 'request'> = nubabel) =>
  by.request('/codec/decode', json({ payloads }));

describe('what Temporal keeps', () => {
  it('holds no word of prompts, answers, failures or stacks', async () => {
    const histories: string[] = [];
    for await (const { workflowId: id } of nubabel.temporal.workflow.list()) histories.push(readable(show(id)));
    expect(histories.length).toBe(2);
    for (const history of histories)
      for (const secret of [PROMPT, ANSWER, REFUSAL])
        for (const form of formsOf(secret)) expect(history.includes(form)).toBe(false);
    expect(histories.join()).toContain('Encoded failure');
    expect(histories.join()).not.toMatch(/node_modules|json\/plain.*Refuse|Choose the agents|\.ts:\d+/);
  });

  it('is encrypted payload by payload, summaries too, for the organization whose work it is', () => {
    const payloads = payloadsOf(show(workflowId));
    expect(payloads.length).toBeGreaterThan(10);
    // Of a local activity the SDK's core writes name and times itself; nothing of ours goes through there.
    const ours = payloads.filter(({ metadata }) => metadata['encryption-key-id']);
    const others = payloads.filter((payload) => !ours.includes(payload));
    expect(readable(JSON.stringify(others))).not.toMatch(/organizationId|orchestrationId|summary|REST request/i);
    for (const { metadata } of ours)
      expect([metadata['encoding'], metadata['encryption-organization']].map((text) => atob(text ?? ''))).toEqual([
        'binary/encrypted',
        workflowId.slice(-36),
      ]);
  });

  it('is shown to an admin of the organization by Temporal’s command line', () => {
    const shown = readable(show(workflowId, nubabel.token));
    expect(shown).toContain(REFUSAL);
    expect(shown).toMatch(/\.ts:\d+/);
    expect(shown).toContain('REST request');
  });

  it('replays with the key, and says which one it misses without', async () => {
    const history = await nubabel.temporal.workflow.getHandle(workflowId).fetchHistory();
    const kept = historyFromJSON(JSON.parse(historyToJSON(history)));
    const keys = loadSettings({ PAYLOAD_KEYS: FIRST }).PAYLOAD_KEYS;
    await expect(replayHistory(kept, workflowId, keys)).resolves.toBeUndefined();
    await expect(replayHistory(kept, 'from-file', keys)).resolves.toBeUndefined();
    const elsewhere = orchestrationWorkflowId({ organizationId: other.organizationId, orchestrationId: randomUUID() });
    await expect(replayHistory(kept, elsewhere, keys)).rejects.toThrow();
    await expect(replayHistory(kept, workflowId)).rejects.toThrow();
  }, 90_000);
});

describe('the codec endpoint', () => {
  it('decrypts for an admin of the organization, in order, and leaves the rest as it is', async () => {
    const payloads = payloadsOf(show(workflowId)).filter(({ metadata }) => metadata['encryption-key-id']);
    const plain = { metadata: { encoding: btoa('json/plain') }, data: btoa('"as it is"') };
    const answer = await decode([plain, ...payloads]);
    expect(answer.status).toBe(200);
    const { payloads: decoded } = (await answer.json()) as { payloads: WirePayload[] };
    expect(decoded).toHaveLength(payloads.length + 1);
    expect(decoded[0]).toEqual(plain);
    expect(decoded.map(({ data }) => Buffer.from(data, 'base64').toString()).join()).toContain(REFUSAL);
  });

  it('tells another organization nothing, also beside what it may see', async () => {
    const [payload] = payloadsOf(show(workflowId)).filter(({ metadata }) => metadata['encryption-key-id']);
    const plain = { metadata: { encoding: btoa('json/plain') }, data: btoa('"theirs"') };
    const refused = await decode([plain, payload], other);
    expect(await refused.clone().text()).not.toMatch(/theirs|payloads":/);
    await expectProblem(refused, 404);
    const organization = { 'encryption-organization': btoa(other.organizationId) };
    const renamed = { ...payload, metadata: { ...payload?.metadata, ...organization } };
    await expectProblem(await decode([renamed], other), 400);
    for (const role of ['user', 'guest'] as const)
      await expectProblem(await decode([payload], await addPerson(nubabel, { role })), 403);
    const nobody = await fetch(`${nubabel.url}/codec/decode`, json({ payloads: [payload] }));
    await expectProblem(nobody, 401);
  });

  it('refuses what is no list of payloads', async () => {
    for (const body of [{}, { payloads: {} }, { payloads: [{ data: '***' }] }, { payloads: [{ metadata: [] }] }, []])
      await expectProblem(await nubabel.request('/codec/decode', json(body)), 400);
    expect((await decode([{}])).status).toBe(200);
    await expectProblem(await decode([{ data: 'A'.repeat(9 * 1024 * 1024) }]), 413);
    await expectProblem(await nubabel.request('/codec/decode', { method: 'POST', body: 'x' }), 415);
  });

  it('answers browsers at the address of Temporal’s UI alone', async () => {
    const allowed = async (origin: string) => {
      const headers = { origin, 'access-control-request-method': 'POST' };
      const { status, headers: said } = await fetch(`${nubabel.url}/codec/decode`, { method: 'OPTIONS', headers });
      return [status, said.get('access-control-allow-origin'), said.get('access-control-allow-headers')];
    };
    expect(await allowed(UI)).toEqual([204, UI, expect.stringContaining('authorization')]);
    for (const origin of ['http://evil.example', 'http://temporal-ui.example', 'null'])
      expect((await allowed(origin))[1]).toBeNull();
    expect((await decode([])).headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('keys', () => {
  const restart = (keys: string) =>
    Promise.all([nubabel.restart('api', { PAYLOAD_KEYS: keys }), nubabel.restart('worker', { PAYLOAD_KEYS: keys })]);

  it('are changed under work that waits, and a missing one delays it and loses nothing', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => nubabel.ask('Wait for me', { agents: ['ops'], requireApproval: true })),
    );
    if (!one || !two) throw new Error('Nothing was asked.');
    const isWaiting = ({ status }: { status: string }) => status === 'awaiting_approval';
    await Promise.all([one, two].map(({ jobId }) => nubabel.jobWhen(jobId, isWaiting)));
    const approve = ({ jobId }: { jobId: string }) => approveShown(nubabel, jobId);
    await restart(`${SECOND},${FIRST}`);
    expect((await approve(one)).status).toBe(200);
    expect((await nubabel.ended(one.jobId)).status).toBe('completed');
    expect(
      payloadsOf(show(nubabel.workflowId(one.jobId))).map(({ metadata }) => atob(metadata['encryption-key-id'] ?? '')),
    ).toEqual(expect.arrayContaining(['k1', 'k2']));
    await restart(SECOND);
    await approve(two);
    expect((await nubabel.status(two.jobId)).status).not.toBe('completed');
    expect((await decode(payloadsOf(show(nubabel.workflowId(two.jobId))))).status).toBe(503);
    await restart(`${SECOND},${FIRST}`);
    // The server waits longer after every failed workflow task before it gives the next one out.
    // An answer that nobody confirmed in time can still count later, and then no other one does.
    await eventually(
      'an answer that counts',
      async () => (await approve(two)).status === 200 || !isWaiting(await nubabel.status(two.jobId)),
      120_000,
    );
    expect((await nubabel.ended(two.jobId, 60_000)).status).toBe('completed');
  }, 300_000);
});
