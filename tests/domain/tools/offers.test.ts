import { describe, expect, it } from '@jest/globals';
import type { ConnectionTool } from '../../../db/queries/connection-tools.ts';
import type { Connection } from '../../../db/queries/connections.ts';
import { toOffer } from '../../../domain/tools/offers.ts';
import { toolName } from '../../../domain/tools/refresh-tools.ts';
import { honest } from '../../adapters/mcp/host/poison.ts';

const NOW = new Date('2026-11-24T10:00:00Z');
const TERMS = { firstParty: { promises: () => undefined }, publicUrl: 'https://nubabel.example', now: NOW };
const ADA = { organizationId: 'acme', userId: 'ada' };

const connection = (change: Partial<Connection> = {}): Connection => ({
  organization_id: 'acme',
  id: 'c1',
  provider: 'wiki',
  slug: 'wiki',
  name: 'Wiki',
  kind: 'remote',
  url: 'https://wiki.example/mcp',
  user_id: null,
  auth_kind: 'none',
  settings: {},
  credentials: null,
  auth_state: null,
  auth_version: 0,
  renewal_holder: null,
  renewal_until: null,
  auth_expires_at: null,
  trusted: false,
  enabled: true,
  categories: [],
  health: 'healthy',
  last_error: null,
  checked_at: null,
  failures: 0,
  broken_until: null,
  tools_listed_at: NOW,
  unusable_tools: [],
  call_limits: {},
  created_by: null,
  created_at: NOW,
  updated_at: NOW,
  ...change,
});
const tool = (of: Connection, remote_name: string, change: Partial<ConnectionTool> = {}): ConnectionTool => ({
  organization_id: 'acme',
  connection_id: of.id,
  name: toolName(of.slug, remote_name),
  remote_name,
  definition: honest({ name: remote_name }),
  hash: 'h',
  always_allowed: false,
  declared_risk: null,
  decided_hash: null,
  decided_by: null,
  state: 'active',
  pending: null,
  pending_hash: null,
  accepted_by: null,
  accepted_at: NOW,
  updated_at: NOW,
  ...change,
});
const offered = (connections: Connection[], tools: ConnectionTool[], whom = ADA, category?: 'quick' | 'artistry') => {
  const { tools: names, leftOut } = toOffer({ connections, tools }, whom, category, TERMS);
  return {
    tools: names.map(({ name, connectionId }) => `${name}@${connectionId}`),
    leftOut: leftOut.map((l) => `${l.connection} ${l.reason}`),
  };
};

describe('an offer', () => {
  it('holds active tools only, in the same order whatever the tables say', () => {
    const one = connection();
    const tools = [tool(one, 'b'), tool(one, 'a'), tool(one, 'Z'), tool(one, 'gone', { state: 'removed' })];
    expect(offered([one], tools)).toEqual({ tools: ['wiki__Z@c1', 'wiki__a@c1', 'wiki__b@c1'], leftOut: [] });
    expect(offered([one], tools.reverse())).toEqual(offered([one], tools));
  });

  it('says that tools wait for an admin, and offers the others', () => {
    const one = connection();
    const tools = [tool(one, 'a'), tool(one, 'b', { state: 'quarantined' })];
    expect(offered([one], tools)).toEqual({ tools: ['wiki__a@c1'], leftOut: ['Wiki quarantined'] });
  });

  it.each([
    ['disabled', { enabled: false }],
    ['no_credentials', { auth_kind: 'oauth' as const }],
    ['failing', { broken_until: new Date(NOW.getTime() + 1) }],
    ['failing', { tools_listed_at: null }],
  ])('leaves out a connection and says why: %s', (reason, change) => {
    const one = connection(change);
    const { tools, leftOut } = toOffer({ connections: [one], tools: [tool(one, 'a')] }, ADA, undefined, TERMS);
    expect(tools).toEqual([]);
    expect(leftOut).toEqual([
      { connectionId: 'c1', connection: 'Wiki', reason, url: 'https://nubabel.example/connections/c1' },
    ]);
  });

  it('keeps the tools of a grant that is over, because a person is asked when one of them is wanted', () => {
    const one = connection({ health: 'reconnect' });
    expect(offered([one], [tool(one, 'a')])).toEqual({ tools: ['wiki__a@c1'], leftOut: [] });
    expect(offered([one], [])).toEqual({ tools: [], leftOut: ['Wiki reconnect'] });
  });

  it('counts on a connection again once its rest is over', () => {
    const one = connection({ broken_until: NOW, health: 'failing', failures: 5 });
    expect(offered([one], [tool(one, 'a')]).tools).toEqual(['wiki__a@c1']);
  });

  it('holds a personal connection for its owner alone, and then instead of the organization’s', () => {
    const shared = connection();
    const own = connection({ id: 'c2', name: 'Ada’s wiki', user_id: 'ada' });
    const tools = [tool(shared, 'a'), tool(own, 'a')];
    for (const connections of [
      [shared, own],
      [own, shared],
    ]) {
      expect(offered(connections, tools).tools).toEqual(['wiki__a@c2']);
      expect(offered(connections, tools, { organizationId: 'acme', userId: 'bob' }).tools).toEqual(['wiki__a@c1']);
    }
    const nobody = toOffer({ connections: [shared, own], tools }, { ...ADA, userId: null }, undefined, TERMS);
    expect(nobody.tools.map(({ connectionId }) => connectionId)).toEqual(['c1']);
  });

  it('does not act as the organization where a person’s own grant is over', () => {
    const [shared, own] = [connection(), connection({ id: 'c2', user_id: 'ada', name: 'Own', health: 'reconnect' })];
    const tools = [tool(shared, 'a'), tool(own, 'a')];
    expect(offered([shared, own], tools)).toEqual({ tools: ['wiki__a@c2'], leftOut: [] });
    expect(offered([shared, { ...own, enabled: false }], tools).tools).toEqual(['wiki__a@c1']);
  });

  it('goes by the category of the request', () => {
    const one = connection({ categories: ['quick'] });
    expect(offered([one], [tool(one, 'a')], ADA, 'quick').tools).toHaveLength(1);
    expect(offered([one], [tool(one, 'a')], ADA, 'artistry').tools).toEqual([]);
    expect(offered([one], [tool(one, 'a')]).tools).toHaveLength(1);
  });

  it('believes what a server says of its harmlessness only when an admin trusts it', () => {
    const says = { definition: honest({ annotations: { readOnlyHint: true, idempotentHint: true } }) };
    const of = (change: Partial<Connection>) => {
      const one = connection(change);
      const [first] = toOffer({ connections: [one], tools: [tool(one, 'a', says)] }, ADA, undefined, TERMS).tools;
      return [first?.risk, first?.idempotent];
    };
    expect(of({})).toEqual(['production', false]);
    expect(of({ trusted: true })).toEqual(['read', true]);
    expect(of({ kind: 'first_party', provider: 'notion' })).toEqual(['read', true]);
  });

  it('shows the definition that was accepted, cleaned', () => {
    const one = connection();
    const row = tool(one, 'a', { definition: honest({ description: 'Adds.<!-- x -->\u200b' }) });
    expect(toOffer({ connections: [one], tools: [row] }, ADA, undefined, TERMS).tools[0]?.definition.description).toBe(
      'Adds.',
    );
  });
});
