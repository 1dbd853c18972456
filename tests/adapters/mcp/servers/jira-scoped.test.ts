import { describe, expect, it } from '@jest/globals';
import { jira } from '../../../../adapters/mcp/servers/jira/index.ts';
import { openProvider } from './tools.ts';

/** Atlassian as it answers tokens with scopes: 401 at the site, and the API's own host takes them. */
const CLOUD = '11111111-2222-4333-8444-555555555555';
const API = `https://api.atlassian.com/ex/jira/${CLOUD}`;

interface Atlassian {
  /** Whether the token is good at the API's own host. */
  readonly takes?: boolean;
  readonly tenant?: unknown;
}

function open(url: string, { takes = true, tenant = { cloudId: CLOUD } }: Atlassian = {}) {
  const asked: { url: string; hasToken: boolean }[] = [];
  const fetch = ((input: string | URL | Request, init?: RequestInit) => {
    const at = new URL(input instanceof Request ? input.url : input);
    asked.push({ url: at.href, hasToken: new Headers(init?.headers).has('authorization') });
    const answer = (status: number, body: unknown) => Promise.resolve(Response.json(body, { status }));
    if (at.pathname === '/_edge/tenant_info') return tenant ? answer(200, tenant) : answer(404, {});
    if (at.host === 'api.atlassian.com' && takes) return answer(200, { displayName: 'Nubabel Bot' });
    return answer(401, { errorMessages: ['Client must be authenticated to access this resource.'] });
  }) as typeof globalThis.fetch;
  const tools = openProvider(jira, { url, email: 'a@acme.example', token: 'ATATT-scoped', fetch });
  return { tools, asked };
}

describe('a Jira token with scopes', () => {
  it('is taken with the address of the site: it is asked where such tokens belong, and from then on only there', async () => {
    const { tools, asked } = open('https://acme.atlassian.net');
    expect(await tools.whoAmI()).toBe('Nubabel Bot');
    expect(await tools.whoAmI()).toBe('Nubabel Bot');
    expect(asked).toEqual([
      { url: 'https://acme.atlassian.net/rest/api/3/myself', hasToken: true },
      { url: 'https://acme.atlassian.net/_edge/tenant_info', hasToken: false },
      { url: `${API}/rest/api/3/myself`, hasToken: true },
      { url: `${API}/rest/api/3/myself`, hasToken: true },
    ]);
  });

  it('is taken at its own address', async () => {
    const { tools, asked } = open(API);
    expect(await tools.whoAmI()).toBe('Nubabel Bot');
    expect(asked).toHaveLength(1);
  });

  it('that is refused in both places names the remedy, with the address of this site', async () => {
    const { tools } = open('https://acme.atlassian.net', { takes: false });
    await expect(tools.whoAmI()).rejects.toMatchObject({
      fault: 'unauthorized',
      remedy: expect.stringContaining(API) as unknown,
    });
  });

  it.each([
    ['at a site that is not Atlassian’s', 'https://jira.acme.example', undefined],
    ['at a site that only looks like one', 'https://acme.atlassian.net.evil.example', undefined],
    ['where the site tells a cloud id that is none', 'https://acme.atlassian.net', { cloudId: '../../evil' }],
  ])('is shown to nobody else %s, and the remedy is named', async (_, url, tenant) => {
    const { tools, asked } = open(url, tenant && { tenant });
    await expect(tools.whoAmI()).rejects.toMatchObject({
      fault: 'unauthorized',
      message: expect.stringContaining('A token with scopes is taken only at') as unknown,
    });
    const shown = asked.filter(({ hasToken }) => hasToken).map(({ url: at }) => new URL(at).host);
    expect(new Set(shown)).toEqual(new Set([new URL(url).host]));
  });
});
