import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createFakeIdentity, type FakeIdentity } from '../fakes/identity/index.ts';
import { createFakeMcp, type FakeMcp, type FakeReply } from '../fakes/mcp/index.ts';
import { canary, createParrot, everythingOf, foundIn, formsOf, type Parrot } from '../support/canaries.ts';
import { json } from '../support/doors.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, requestAs, revoke } from '../support/people.ts';
import { askerOf } from '../support/replies.ts';
import { answer, callTool, connect, setPolicy, waits } from '../support/tools.ts';

/** Planted where secrets live, used on ways that work and on ways that do not; they must stand nowhere afterwards. */
const secrets = new Map<string, string>();
const plant = (name: string, secret = canary(name)): string => {
  secrets.set(name, secret);
  return secret;
};
const SEALING = randomBytes(32).toString('base64');
const keyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const privateKey = keyPair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const publicKey = keyPair.publicKey.export({ format: 'pem', type: 'spki' }).toString();

/** One read and one write of each server of ours, with arguments that get as far as the network. */
const CALLS: Readonly<Record<string, readonly [string, Record<string, unknown>][]>> = {
  jira: [
    ['getIssues', {}],
    ['createIssue', { summary: 'x', project: 'OPS' }],
  ],
  notion: [
    ['getTasks', { database: '11111111-1111-4111-8111-111111111111' }],
    ['deleteTask', { task: '11111111-1111-4111-8111-111111111111' }],
  ],
  github: [
    ['listIssues', { owner: 'acme', repo: 'app' }],
    ['createIssue', { owner: 'acme', repo: 'app', title: 'x' }],
  ],
  linear: [
    ['getIssues', {}],
    ['createIssue', { title: 'x', team: 'ENG' }],
  ],
  sentry: [
    ['listIssues', {}],
    ['resolveIssue', { issueId: '1' }],
  ],
  salesforce: [['query', { soql: 'SELECT Id FROM Account LIMIT 1' }]],
  slack: [
    ['getChannels', {}],
    ['postMessage', { channel: 'C0000000001', text: 'x' }],
  ],
};
const SETTINGS: Readonly<Record<string, Record<string, string>>> = { sentry: { organization: 'acme' } };

let nubabel: Nubabel;
let parrot: Parrot;
let wiki: FakeMcp;
let identity: FakeIdentity;
let robots: FakeIdentity;
/** All that anybody was ever answered, with its headers. */
const answered: string[] = [];
const recorded =
  (request: Nubabel['request']): Nubabel['request'] =>
  async (path, init) => {
    const response = await request(path, init);
    answered.push(`${path} ${JSON.stringify([...response.headers])} ${await response.clone().text()}`);
    return response;
  };
let asker: Pick<Nubabel, 'request'>;

beforeAll(async () => {
  const clients = [
    { id: 'robot', secret: plant('client secret'), redirectUris: [] },
    { id: 'signer', publicKey, redirectUris: [] },
  ];
  wiki = await createFakeMcp({ tools: [{ name: 'search', annotations: { readOnlyHint: true } }] });
  [nubabel, parrot, identity, robots] = await Promise.all([
    startNubabel({
      env: {
        EGRESS_ALLOW_PRIVATE: 'true',
        CREDENTIAL_KEYS: `k1:${plant('sealing key', SEALING)}`,
        ANTHROPIC_API_KEY: plant('model key', `sk-ant-${canary('model')}`),
        OPENCODE_SIDECAR_URL: `http://bot:${plant('sidecar password')}@127.0.0.1:9`,
        LOG_LEVEL: 'debug',
      },
      slack: { limits: 'off' },
    }),
    createParrot(),
    createFakeIdentity({ upstream: wiki.url }),
    createFakeIdentity({ upstream: wiki.url, clients }),
  ]);
  asker = { request: recorded(nubabel.request) };
  plant('developer token', nubabel.token);
  plant('private key', privateKey.split('\n')[1]);
  await setPolicy(nubabel, { risks: [] });
}, 150_000);
afterAll(async () => {
  await nubabel?.close();
  await Promise.all([parrot, wiki, identity, robots].map((fake) => fake?.close()));
});

const remote = (provider: string, auth: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  connect(asker, { provider, name: `Remote ${provider}`, url: wiki.url, auth, trusted: true, ...more });

describe('a secret', () => {
  it.each(Object.keys(CALLS))(
    'of our server for %s is sent there, and goes no further however it is repeated',
    async (provider) => {
      parrot.status = 400;
      const apiKey = plant(`${provider} key`);
      const body = {
        provider,
        name: `Parrot ${provider}`,
        url: parrot.url,
        auth: { kind: 'api_key', apiKey, ...(provider === 'jira' && { email: 'bot@acme.example' }) },
        settings: SETTINGS[provider] ?? {},
      };
      const { id } = await connect(asker, body);
      for (const status of [200, 404, 400, 500, 401]) {
        parrot.status = status;
        await asker.request(`/api/connections/${id}/test`, { method: 'POST' });
        await nubabel.database.look(
          `update connections set health = 'healthy', failures = 0, broken_until = null where id = $1`,
          [id],
        );
        for (const [tool, args] of CALLS[provider] ?? []) {
          const { body } = await callTool(asker, `${provider}__${tool}`, args, { waitMs: 6_000 });
          if (body.jobId) await asker.request(`/api/jobs/${body.jobId}/tool-calls`);
          if (body.jobId) await asker.request(`/api/jobs/${body.jobId}/cancel`, { method: 'POST' });
        }
      }
      expect(parrot.heard).toContain(createHash('sha256').update(apiKey).digest('hex'));
    },
    90_000,
  );

  it('of a remote server likewise, also in progress and in the words of its tools', async () => {
    const ways = [
      { slug: 'rude', secret: plant('bearer of a server'), auth: {} },
      { slug: 'rude_two', secret: plant('header of a server'), auth: { header: 'X-Rude-Key' } },
    ];
    for (const { slug, secret, auth } of ways) {
      const said = formsOf(secret).join(' ');
      const tool = { name: 'search', description: `Finds ${said}`, annotations: { readOnlyHint: true } };
      const rude = await createFakeMcp({ tools: [tool] });
      const { id } = await remote(slug, { kind: 'api_key', apiKey: secret, ...auth }, { url: rude.url });
      const replies: FakeReply[] = [
        {
          result: { content: [{ type: 'text', text: said }], structuredContent: { said } },
          progress: [{ progress: 1, total: 2, message: said }],
        },
        { result: { content: [{ type: 'text', text: said }], isError: true } },
        { error: { code: -32602, message: said } },
        { error: { code: -32000, message: said } },
        { status: 403, body: said },
      ];
      for (const [nth, reply] of replies.entries()) {
        rude.setCall(() => reply);
        await callTool(asker, `${slug}__search`, { nth }, { waitMs: 4_000 });
      }
      rude.setTools([{ ...tool, description: `Now ${said}` }]);
      await asker.request(`/api/connections/${id}/tools?refresh=true`);
      if (slug === 'rude') expect(rude.log.at(-1)).toMatchObject({ authorization: `Bearer ${secret}` });
      await rude.close();
    }
  }, 90_000);

  it('of a machine is shown to its authorization server alone, which may repeat it', async () => {
    const clientSecret = secrets.get('client secret') ?? '';
    robots.settings.tokenFaults.push({
      status: 400,
      body: { error: 'invalid_client', error_description: `Not ${clientSecret}, ${privateKey}` },
    });
    await remote('robot', { kind: 'client_credentials', clientId: 'robot', clientSecret }, { url: robots.resourceUrl });
    await asker.request('/api/connections');
    await remote('signer', { kind: 'private_key_jwt', clientId: 'signer', privateKey }, { url: robots.resourceUrl });
    const { body } = await callTool(asker, 'signer__search', { q: 'signed' });
    expect(body['status']).toBe('completed');
    expect(robots.count('token', 'given')).toBeGreaterThanOrEqual(1);
  }, 60_000);

  it('that was granted is renewed and taken back', async () => {
    const { id } = await remote('granted', { kind: 'oauth' }, { url: identity.resourceUrl });
    const begun = await nubabel.request(`/api/connections/${id}/authorize`, { method: 'POST' });
    const { authorizationUrl } = (await begun.json()) as { authorizationUrl: string };
    const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
    plant('browser cookie', cookie.split('=')[1]);
    const back = await identity.grant(authorizationUrl);
    plant('authorization code', back.searchParams.get('code') ?? '?');
    const page = await fetch(`${nubabel.url}${back.pathname}${back.search}`, { headers: { cookie } });
    answered.push(await page.text());
    await callTool(asker, 'granted__search', { q: 'granted' });
    identity.endAccess();
    identity.settings.tokenFaults.push({ status: 500, body: 'down' });
    await callTool(asker, 'granted__search', { q: 'renewed' }, { waitMs: 8_000 });
    identity.revoke();
    await callTool(asker, 'granted__search', { q: 'over' }, { waitMs: 2_000 });
    const tokens = [...identity.lines, ...robots.lines].flatMap(({ authorization }) => authorization ?? []);
    expect(new Set(tokens).size).toBeGreaterThanOrEqual(3);
    for (const [nth, token] of [...new Set(tokens)].entries()) plant(`granted ${nth}`, token.replace(/^\w+ /, ''));
  }, 60_000);

  it('of people, in requests that are refused, is not written down', async () => {
    const person = await addPerson(nubabel);
    plant('token of a person', person.token);
    expect((await recorded(person.request)('/api/jobs/00000000-0000-4000-8000-000000000000/status')).status).toBe(404);
    await revoke(nubabel, person);
    expect((await recorded(person.request)('/api/connections')).status).toBe(401);
    expect((await recorded(requestAs(nubabel, plant('wrong token')))('/api/connections')).status).toBe(401);
    const apiKey = plant('key in a wrong request');
    const wrong = {
      provider: 'wiki',
      name: '',
      url: 'nowhere',
      auth: { kind: 'api_key', apiKey, more: apiKey },
      colour: 1,
    };
    expect((await asker.request('/api/connections', json(wrong))).status).toBe(400);
    const own = plant('own model key', `sk-ant-${canary('own')}`);
    expect((await asker.request('/api/admin/key-pool/keys', json({ key: own, name: 'Ours' }))).status).toBe(201);
  });

  it('of the model provider is not told, when that repeats it', async () => {
    nubabel.model.setResponder((request) =>
      askerOf(request) === 'ops'
        ? {
            error: {
              status: 400,
              type: 'invalid_request_error',
              message: `Bad key ${request.apiKey} (${formsOf(request.apiKey).join(' ')})`,
            },
          }
        : { text: 'Nobody asked me.' },
    );
    const { jobId } = await nubabel.ask('Say something', { agents: ['ops'] });
    const job = await nubabel.jobWhen(jobId, (one) => waits(one) || one.status === 'failed', 60_000);
    await asker.request(`/api/jobs/${jobId}/status`);
    if (waits(job)) await answer(nubabel, job, { verdict: 'cancel' });
  }, 90_000);

  it('stands nowhere: not in logs, tables, histories, prompts, messages or answers', async () => {
    for (const path of ['/api/connections', '/api/tools', '/api/skills', '/api/jobs', '/api/admin/key-pool', '/health'])
      await asker.request(path);
    const places = new Map([...(await everythingOf(nubabel)), ['answers', answered.join('\n')]]);
    // They would be seen: what was asked for stands where it should.
    expect([...places].filter(([, text]) => text.includes('signed')).map(([place]) => place)).toEqual(
      expect.arrayContaining(['table tool_calls', 'answers']),
    );
    expect(places.get('histories')?.length).toBeGreaterThan(10_000);
    expect(secrets.size).toBeGreaterThanOrEqual(20);
    expect(foundIn(places, secrets)).toEqual([]);
  }, 60_000);
});
