import { describe, expect, it } from '@jest/globals';
import { FIRST_PARTY, NewConnection } from '../../contracts/connections.ts';
import {
  EMPTY_DRAFT,
  isComplete,
  OTHER,
  PROVIDERS,
  toBody,
  toSettings,
  usualAuth,
} from '../../web/connections/connection-draft.ts';
import { hrefOf, type Route, parseRoute, toConnection, toJob } from '../../web/layout/routes.tsx';

describe('what a person types to connect something', () => {
  it.each([...FIRST_PARTY])('offers %s, and sends what the API takes', (provider) => {
    const body = toBody({ ...EMPTY_DRAFT, provider, apiKey: ' key ', email: ' a@b.example ' });
    expect(NewConnection.parse(body)).toMatchObject({ provider, name: PROVIDERS[provider] });
    expect(body).toEqual({
      provider,
      name: PROVIDERS[provider],
      auth: { kind: 'api_key', apiKey: 'key', email: 'a@b.example' },
    });
  });

  it('sends the client of a provider, and misses the address that only its customer knows', () => {
    const draft = {
      ...EMPTY_DRAFT,
      provider: 'salesforce',
      auth: usualAuth('salesforce'),
      clientId: ' id ',
      clientSecret: ' secret ',
      tokenUrl: 'https://acme.my.salesforce.com/services/oauth2/token',
    };
    expect(isComplete(draft)).toBe(false);
    const whole = { ...draft, url: 'https://acme.my.salesforce.com' };
    expect(isComplete(whole)).toBe(true);
    expect(NewConnection.parse(toBody(whole)).auth).toEqual({
      kind: 'client_credentials',
      clientId: 'id',
      clientSecret: 'secret',
      tokenUrl: 'https://acme.my.salesforce.com/services/oauth2/token',
    });
  });

  it('sends a remote server with its grant, its settings and its terms', () => {
    const draft = {
      ...EMPTY_DRAFT,
      provider: OTHER,
      otherName: 'Wiki',
      url: 'https://wiki.example.com/mcp',
      auth: 'oauth' as const,
      scopes: ' read  write ',
      settings: 'project = OPS\nnothing\n space: Team wiki ',
      slug: 'team_wiki',
      personal: true,
      trusted: true,
      apiKey: 'left over from before',
    };
    expect(NewConnection.parse(toBody(draft))).toEqual({
      provider: 'wiki',
      name: 'wiki',
      url: 'https://wiki.example.com/mcp',
      auth: { kind: 'oauth', scopes: ['read', 'write'] },
      slug: 'team_wiki',
      personal: true,
      trusted: true,
      hosted: false,
      categories: [],
      settings: { project: 'OPS', space: 'Team wiki' },
    });
  });

  it('is complete with what the API cannot do without', () => {
    expect(isComplete(EMPTY_DRAFT)).toBe(false);
    expect(isComplete({ ...EMPTY_DRAFT, apiKey: 'key' })).toBe(true);
    expect(isComplete({ ...EMPTY_DRAFT, apiKey: 'key', hosted: true })).toBe(false);
    expect(isComplete({ ...EMPTY_DRAFT, auth: 'none' })).toBe(true);
    expect(isComplete({ ...EMPTY_DRAFT, provider: OTHER, url: 'https://x.example', auth: 'none' })).toBe(false);
  });

  it('reads settings line by line, with signs of equality in their values', () => {
    expect(toSettings('a=b=c\n\n  =x\ny=\nurl: https://x.example:1')).toEqual({ a: 'b=c', url: 'https://x.example:1' });
  });
});

describe('addresses of the console', () => {
  it.each<Route>([{ page: 'start' }, { page: 'connections' }, toJob('a/b?c'), toConnection('a/b c')])(
    'lead back to the route that they name: %j',
    (route) => {
      const { pathname, search } = new URL(hrefOf(route), 'http://console');
      expect(parseRoute({ pathname, search })).toEqual(route);
    },
  );

  it('of a connection are those that Slack links to', () => {
    expect(hrefOf(toConnection('1-2'))).toBe('/connections/1-2');
  });

  it('are the start, or name nothing', () => {
    for (const [pathname, search] of [
      ['/', ''],
      ['/', '?job='],
    ] as const)
      expect(parseRoute({ pathname, search })).toEqual({ page: 'start' });
    for (const pathname of ['/other', '/connections/a/b', '/connections/%E0%A4', '/x/y'])
      expect(parseRoute({ pathname, search: '' })).toEqual({ page: 'missing' });
  });
});
