import { describe, expect, it } from '@jest/globals';
import { hasHiddenParts, hideSecretsInUrl, secretsInUrl } from '../../contracts/clean-text.ts';
import { ConnectionChange, NewConnection } from '../../contracts/connections.ts';

describe('an address as people see it', () => {
  it.each([
    ['https://mcp.example.com/mcp', 'https://mcp.example.com/mcp'],
    ['https://mcp.example.com/mcp/?', 'https://mcp.example.com/mcp/?'],
    ['https://mcp.example.com/mcp?apiKey=sk-live-1&read=true', 'https://mcp.example.com/mcp?apiKey=***&read=***'],
    ['https://mcp.example.com/mcp?sk-live-1', 'https://mcp.example.com/mcp?***'],
    ['https://mcp.example.com/mcp?QWxhZGRpbjpvcGVuMTIzNDU2Nw==', 'https://mcp.example.com/mcp?***'],
    ['https://mcp.example.com/s/aGVsbG8%2Fd29ybGQ5OTk5%3D/mcp', 'https://mcp.example.com/s/***/mcp'],
    ['https://mcp.example.com/bot123456:AAHdqTcvCH1vGWJxfSeofSAs0K/mcp', 'https://mcp.example.com/***/mcp'],
    ['https://mcp.example.com/mcp?token=', 'https://mcp.example.com/mcp?token=***'],
    ['https://mcp.example.com/s/aGVsbG8gd29ybGQ5OTk5/mcp', 'https://mcp.example.com/s/***/mcp'],
    ['https://mcp.example.com/u/3f2b1c9e-8a7d-4e6f-9b0a-1c2d3e4f5a6b/sse', 'https://mcp.example.com/u/***/sse'],
    ['https://mcp.example.com/mcp#key=1', 'https://mcp.example.com/mcp#***'],
    ['https://user:pass@mcp.example.com/mcp', 'https://***@mcp.example.com/mcp'],
    ['https://mcp.example.com/v1/mcp/authv2', 'https://mcp.example.com/v1/mcp/authv2'],
  ])('of %s is %s', (address, shown) => {
    expect(hideSecretsInUrl(address, { inPath: true })).toBe(shown);
    expect(hasHiddenParts(shown)).toBe(shown !== address);
  });

  it('of a provider of ours shows the path: it names a site, and the key is kept elsewhere', () => {
    const jira = 'https://api.atlassian.com/ex/jira/3f2b1c9e-8a7d-4e6f-9b0a-1c2d3e4f5a6b';
    expect(hideSecretsInUrl(jira, { inPath: false })).toBe(jira);
  });

  it('knows a key that is a word of the query, or encoded in the path', () => {
    expect(secretsInUrl('https://a.example/mcp?sk_live_4242424242424242')).toEqual(['sk_live_4242424242424242']);
    expect(secretsInUrl('https://a.example/s/aGVsbG8%2Fd29ybGQ5OTk5%3D')).toEqual(['aGVsbG8%2Fd29ybGQ5OTk5%3D']);
  });

  it('knows which of its parts are keys, and which are only words', () => {
    expect(
      secretsInUrl('https://a.example/s/aGVsbG8gd29ybGQ5OTk5?api_key=k1&project=wiki&x=0123456789abcdef01234567'),
    ).toEqual(['k1', '0123456789abcdef01234567', 'aGVsbG8gd29ybGQ5OTk5']);
  });
});

describe('what is pasted in as the address of a server', () => {
  const message = (url: string) => {
    const parsed = ConnectionChange.safeParse({ url });
    return parsed.success ? undefined : parsed.error.issues.map((issue) => issue.message).join(' ');
  };
  it.each([
    '{"mcpServers": {"x": {"command": "npx", "args": ["-y", "@acme/server"]}}}',
    '{\n  "command": "uvx",\n  "args": ["acme"]\n}',
    '"mcpServers": { "x": { "command": "node" } }',
    "{command: 'docker', args: ['run', '-i', 'acme']}",
    'command: npx',
    'npx -y @modelcontextprotocol/server-filesystem /tmp',
    '  uvx mcp-server-git',
    'docker run -i --rm acme/mcp',
    'python -m acme.server',
    'node ./server.js',
    './server --stdio',
    'stdio://acme',
    `{"mcpServers": {"x": {"command": "npx", "env": {"A": "${'x'.repeat(5_000)}"}}}}`,
  ])('is told to need a bridge, by name: %s', (given) => {
    expect(message(given)).toMatch(/\(stdio\).*mcp-proxy or supergateway.*docs\/connections\.md/s);
    const body = { provider: 'x', name: 'X', auth: { kind: 'none' }, url: given };
    expect(NewConnection.safeParse(body).success).toBe(false);
  });

  it('is told to be more than the address, without its key', () => {
    const given = '{"mcpServers": {"x": {"type": "http", "url": "https://mcp.example.com/mcp?key=abc"}}}';
    expect(message(given)).toBe(
      'Give only the address, not the whole configuration: https://mcp.example.com/mcp?key=***',
    );
  });

  it.each(['https://mcp.example.com/mcp', ' https://node.example.com/npx ', 'http://127.0.0.1:3000/mcp?x=1'])(
    'is an address: %s',
    (given) => {
      expect(ConnectionChange.parse({ url: given }).url).toBe(given.trim());
    },
  );

  it.each(['ftp://mcp.example.com', 'mcp.example.com', '', `https://a.example/${'x'.repeat(2_000)}`])(
    'is none: %s',
    (given) => {
      expect(message(given)).toBeDefined();
      expect(message(given)).not.toMatch(/stdio/);
    },
  );
});
