import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { orchestrationWorkflowId } from '../../contracts/queues.ts';
import type { KeyAccountView, KeyPoolView } from '../../contracts/key-pool.ts';
import { testServers } from '../support/database.ts';
import { expectProblem, json } from '../support/doors.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';

const SHARED = 'sk-shared-canary-4f1d';
const OWN = 'sk-own-canary-77aa-9c3e';
const POOL = '/api/admin/key-pool';

let nubabel: Nubabel;
let acme: Person;
let globex: Person;
let added: KeyAccountView;
beforeAll(async () => {
  nubabel = await startNubabel({
    env: { ANTHROPIC_API_KEY: SHARED, CREDENTIAL_KEYS: `old:${randomBytes(32).toString('base64')}` },
    model: { respond: () => ({ text: 'Done.\nCONFIDENCE: 0.8' }) },
  });
  acme = await addPerson(nubabel, { newOrganization: 'Acme', role: 'admin' });
  globex = await addPerson(nubabel, { newOrganization: 'Globex', role: 'admin' });
}, 60_000);
afterAll(() => nubabel?.close());

const view = async (person: Person) => (await (await person.request(POOL)).json()) as KeyPoolView;
async function ask(person: Person, message: string): Promise<{ jobId: string; keys: string[] }> {
  const answer = await person.request('/api/orchestrator/orchestrate', json({ message, agents: ['ops'] }));
  const { jobId } = (await answer.json()) as { jobId: string };
  await nubabel.model.waitForLog(1, ({ userText, outcome }) => userText === message && outcome === 'answered');
  const called = nubabel.model.requests.filter(({ userText }) => userText === message);
  return { jobId, keys: called.map(({ apiKey }) => apiKey) };
}
const auditOf = async ({ organizationId }: Person) =>
  (
    await nubabel.database.look<{ action: string }>(
      `select action from audit where organization_id = '${organizationId}' and action like 'key.%' order by at`,
    )
  ).map(({ action }) => action);

describe('a key of an organization’s own', () => {
  it('is added by an admin and shown by its name and last four characters alone', async () => {
    const answer = await acme.request(`${POOL}/keys`, json({ key: OWN, name: 'Team key' }));
    expect(answer.status).toBe(201);
    const text = await answer.text();
    expect(text).not.toContain(OWN.slice(0, -4));
    added = JSON.parse(text) as KeyAccountView;
    expect(added).toMatchObject({ status: 'active', shared: false, name: 'Team key', last_four: '9c3e', failures: 0 });
  });

  it('cannot be added twice, nor be no key', async () => {
    await expectProblem(await acme.request(`${POOL}/keys`, json({ key: OWN })), 409);
    for (const key of ['', '   ', 'short', 'sk-with space-inside', 'sk-with\nline-inside', 'ключ-от-квартиры', 7, null])
      await expectProblem(await acme.request(`${POOL}/keys`, json({ key })), 400);
  });

  it('serves its organization before the shared ones, and nobody else', async () => {
    expect((await ask(acme, 'With our own key')).keys).toEqual([OWN]);
    expect((await ask(globex, 'With the shared key')).keys).toEqual([SHARED]);
  });

  it('is in nobody else’s pool, nor anybody’s to remove or release', async () => {
    expect((await view(acme)).accounts.map(({ shared }) => shared)).toEqual([false, true]);
    const theirs = await view(globex);
    expect(theirs.accounts).toMatchObject([{ id: expect.stringMatching(/^env-[0-9a-f]{12}$/), shared: true }]);
    expect(JSON.stringify(theirs)).not.toContain(added.id);
    await expectProblem(await globex.request(`${POOL}/keys/${added.id}`, { method: 'DELETE' }), 404);
    await expectProblem(await globex.request(`${POOL}/keys/${added.id}/reset`, { method: 'POST' }), 404);
    expect((await view(acme)).accounts).toHaveLength(2);
  });

  it('that is revoked is quarantined, the shared one takes over, and all of it is in the audit', async () => {
    nubabel.model.setResponder(({ apiKey }) =>
      apiKey === OWN
        ? { error: { status: 401, type: 'authentication_error', message: `invalid x-api-key: ${OWN}` } }
        : { text: 'Done.\nCONFIDENCE: 0.8' },
    );
    expect((await ask(acme, 'With a revoked key')).keys).toEqual([OWN, SHARED]);
    expect((await view(acme)).accounts[0]).toMatchObject({ id: added.id, status: 'quarantined', failures: 1 });
    expect((await ask(acme, 'Without it')).keys).toEqual([SHARED]);
    const reset = await acme.request(`${POOL}/keys/${added.id}/reset`, { method: 'POST' });
    expect(await reset.json()).toMatchObject({ id: added.id, status: 'active', failures: 0 });
    expect(await auditOf(acme)).toEqual(['key.added', 'key.quarantined', 'key.reset']);
    expect(await auditOf(globex)).toEqual([]);
  });

  it('of the environment is released by those who run the product alone', async () => {
    const id = (await view(globex)).accounts[0]?.id;
    await expectProblem(await globex.request(`${POOL}/keys/${id}/reset`, { method: 'POST' }), 403);
    await expectProblem(await nubabel.request(`${POOL}/keys/${id}`, { method: 'DELETE' }), 403);
    expect((await nubabel.request(`${POOL}/keys/${id}/reset`, { method: 'POST' })).status).toBe(200);
  });

  it('still opens after the encryption key was changed, and not without the old one', async () => {
    nubabel.model.setResponder(() => ({ text: 'Done.\nCONFIDENCE: 0.8' }));
    const fresh = `new:${randomBytes(32).toString('base64')}`;
    await nubabel.restart('worker', { CREDENTIAL_KEYS: fresh });
    expect((await ask(acme, 'Not to be opened')).keys).toEqual([SHARED]);
    await nubabel.restart('worker');
    expect((await ask(acme, 'To be opened again')).keys).toEqual([OWN]);
  });
});

describe('no key', () => {
  it('is in any table, log or history, whatever went wrong with it', async () => {
    const { jobId } = await ask(acme, 'Look for the key');
    nubabel.model.setResponder(({ apiKey }) => ({
      error: { status: 400, type: 'invalid_request_error', message: `I do not like ${apiKey}.` },
    }));
    const failed = await acme.request('/api/orchestrator/orchestrate', json({ message: 'Quote it', agents: ['ops'] }));
    const { jobId: failedId } = (await failed.json()) as { jobId: string };
    await nubabel.model.waitForLog(1, ({ userText, outcome }) => userText === 'Quote it' && outcome === 'error');
    const tables = await nubabel.database.look<{ name: string }>(
      `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`,
    );
    const dumps = await Promise.all(tables.map(({ name }) => nubabel.database.look(`select t::text from ${name} t`)));
    const ours = readdirSync(nubabel.dir).filter((name) => /\.(log|db)$/.test(name));
    const logs = ours.map((name) => readFileSync(join(nubabel.dir, name)).toString('latin1'));
    const history = (id: string) =>
      execFileSync(testServers().temporalCli, [
        'workflow',
        'show',
        `--address=${nubabel.address}`,
        `--workflow-id=${orchestrationWorkflowId({ organizationId: acme.organizationId, orchestrationId: id })}`,
        '--output=json',
      ]).toString();
    const everything = [JSON.stringify(dumps), ...logs, history(jobId), history(failedId)].join('\n');
    const holds = (text: string) => ({ text, isThere: everything.includes(text) });
    expect(holds('Team key').isThere).toBe(true);
    expect(holds('I do not like (key).').isThere).toBe(true);
    for (const key of [OWN, SHARED])
      for (const text of [key, key.slice(0, 12), Buffer.from(key).toString('base64').slice(0, 20)])
        expect(holds(text)).toEqual({ text, isThere: false });
  });

  it('is left behind when it is removed', async () => {
    expect((await acme.request(`${POOL}/keys/${added.id}`, { method: 'DELETE' })).status).toBe(204);
    await expectProblem(await acme.request(`${POOL}/keys/${added.id}`, { method: 'DELETE' }), 404);
    nubabel.model.setResponder(() => ({ text: 'Done.\nCONFIDENCE: 0.8' }));
    expect((await ask(acme, 'After its removal')).keys).toEqual([SHARED]);
    expect((await view(acme)).accounts).toHaveLength(1);
    expect((await auditOf(acme)).at(-1)).toBe('key.removed');
  });
});

it('without anything to encrypt with, adding a key says what an operator has to set', async () => {
  await nubabel.restart('api', { CREDENTIAL_KEYS: '' });
  const problem = await expectProblem(await acme.request(`${POOL}/keys`, json({ key: OWN })), 503);
  expect(problem['detail']).toContain('CREDENTIAL_KEYS');
  expect((await view(acme)).accounts).toHaveLength(1);
});
