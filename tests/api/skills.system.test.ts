import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createApp } from '../../api/app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { withOrganization } from '../../db/organization.ts';
import { putToken } from '../../db/queries/organizations.ts';
import { createLogger } from '../../logging.ts';
import { openSkills } from '../../domain/skills/catalogue.ts';
import { createTenant, type Tenant } from '../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { expectProblem, json } from '../support/doors.ts';
import { hashToken } from '../../domain/organizations/organizations.ts';

let database: TestDatabase;
let app: ReturnType<typeof createApp>;
beforeAll(async () => {
  database = await openTestDatabase();
  const deps: Pick<ApiDeps, 'agents' | 'db' | 'log' | 'skills' | 'publicUrl'> = {
    agents: new Map(),
    db: database.db,
    publicUrl: 'http://localhost:3000',
    log: createLogger('test', 'silent'),
    skills: openSkills(),
  };
  // Skills need no more of the product than this.
  app = createApp(deps as ApiDeps, undefined);
});
afterAll(() => database?.drop());

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

async function enter(role: 'admin' | 'user' | 'guest', name = 'Acme'): Promise<{ ask: Ask; tenant: Tenant }> {
  const tenant = await createTenant(database.db, name, { role });
  const token = `nub_${randomUUID()}`;
  await withOrganization(database.db, tenant.organizationId, (trx) =>
    putToken(trx, {
      organization_id: tenant.organizationId,
      user_id: tenant.userId,
      token_hash: hashToken(token),
      name: 'test',
    }),
  );
  const ask: Ask = async (path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    if (typeof init.body === 'string') headers.set('content-length', `${Buffer.byteLength(init.body)}`);
    return app.request(path, { ...init, headers });
  };
  return { ask, tenant };
}

const textOf = (name: string, description = `Does ${name}.`, body = 'Our way.') =>
  `---\nname: ${name}\ndescription: ${description}\n---\n\n${body}\n`;
const put = (ask: Ask, name: string, text: unknown = textOf(name)) =>
  ask(`/api/skills/${name}`, { ...json({ text }), method: 'PUT' });
const remove = (ask: Ask, name: string) => ask(`/api/skills/${name}`, { method: 'DELETE' });
const listed = async (ask: Ask) => ((await (await ask('/api/skills')).json()) as { skills: { name: string }[] }).skills;

let admin: Ask;
let tenant: Tenant;
beforeEach(async () => {
  ({ ask: admin, tenant } = await enter('admin'));
});

describe('the skills of an organization', () => {
  it('are those of the product until it has its own, which everybody may read', async () => {
    const { ask: guest } = await enter('guest');
    expect(await listed(guest)).toContainEqual({
      name: 'release-notes',
      description: expect.stringContaining('release notes'),
      source: 'built_in',
      files: [],
      updatedAt: null,
    });
    const one = await guest('/api/skills/incident-report');
    expect(await one.json()).toMatchObject({ body: expect.stringMatching(/^# Incident report/), source: 'built_in' });
  });

  it('are made, replaced and deleted by admins, and each is written down', async () => {
    expect(await (await put(admin, 'our-way')).json()).toEqual({
      name: 'our-way',
      description: 'Does our-way.',
      body: 'Our way.',
      source: 'organization',
      files: [],
      updatedAt: expect.stringMatching(/^20/),
    });
    await put(admin, 'our-way', textOf('our-way', 'Changed.'));
    expect(await (await admin('/api/skills/our-way')).json()).toMatchObject({ description: 'Changed.' });
    expect((await listed(admin)).filter(({ name }) => name === 'our-way')).toHaveLength(1);
    expect((await remove(admin, 'our-way')).status).toBe(204);
    await expectProblem(await admin('/api/skills/our-way'), 404);
    await expectProblem(await remove(admin, 'our-way'), 404);
    const audit = await database.look(
      `select action, subject, user_id from audit where organization_id = $1 order by at`,
      [tenant.organizationId],
    );
    const line = (action: string) => ({ action, subject: 'our-way', user_id: tenant.userId });
    expect(audit).toEqual([line('skill.put'), line('skill.put'), line('skill.delete')]);
  });

  it('may stand in for one of the nubabel, which cannot be deleted', async () => {
    await expectProblem(await remove(admin, 'release-notes'), 409);
    await put(admin, 'release-notes');
    expect(await (await admin('/api/skills/release-notes')).json()).toMatchObject({ body: 'Our way.' });
    expect((await listed(admin)).filter(({ name }) => name === 'release-notes')).toMatchObject([
      { source: 'organization' },
    ]);
    expect((await remove(admin, 'release-notes')).status).toBe(204);
    expect(await (await admin('/api/skills/release-notes')).json()).toMatchObject({ source: 'built_in' });
  });

  it('are nobody else’s', async () => {
    await put(admin, 'our-way');
    const { ask: outsider } = await enter('admin', 'Elsewhere');
    await expectProblem(await outsider('/api/skills/our-way'), 404);
    await expectProblem(await remove(outsider, 'our-way'), 404);
    expect((await listed(outsider)).map(({ name }) => name)).not.toContain('our-way');
    expect((await admin('/api/skills/our-way')).status).toBe(200);
  });

  it('are changed by admins alone', async () => {
    for (const role of ['user', 'guest'] as const) {
      const { ask } = await enter(role);
      await expectProblem(await put(ask, 'our-way'), 403);
      await expectProblem(await remove(ask, 'release-notes'), 403);
    }
  });

  it.each<[string, unknown, RegExp]>([
    ['no front matter', '# Words', /line 1: does not begin with front matter/],
    ['another name', textOf('their-way'), /line 2: name: is their-way, but has to be our-way/],
    ['no description', textOf('our-way', '""'), /line 3: description/],
    ['no instructions', textOf('our-way', 'x', ''), /line 4: has no instructions/],
    ['a NUL character', textOf('our-way', 'x', 'a\u0000b'), /NUL/],
    ['no text', '', /text/],
    ['a number', 7, /text/],
    ['too much', textOf('our-way', 'x', 'x'.repeat(100_000)), /text/],
  ])('are refused with %s, and it is said where', async (_what, text, message) => {
    const problem = await expectProblem(await put(admin, 'our-way', text), 400);
    expect(problem['detail']).toMatch(message);
    expect(problem).toMatchObject({ errors: [{ path: 'text' }] });
    await expectProblem(await admin('/api/skills/our-way'), 404);
  });

  it.each(['..%2f', 'A', 'a--b', 'a'.repeat(65), "'", '%ed%a0%80'])('of the name %s are not there', async (name) => {
    await expectProblem(await admin(`/api/skills/${name}`), 404);
    await expectProblem(await remove(admin, name), 404);
    expect((await put(admin, name, textOf('our-way'))).status).toBe(400);
  });

  it('are 200 at most, and those that are there can still be changed', async () => {
    await database.look(
      `insert into skills (organization_id, name, description, body)
        select $1, 'skill-' || n, 'x', 'x' from generate_series(1, 200) n`,
      [tenant.organizationId],
    );
    await expectProblem(await put(admin, 'one-more'), 409);
    expect((await put(admin, 'skill-7')).status).toBe(200);
  });
});
