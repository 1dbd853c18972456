import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type AddressInfo } from 'node:net';
import { isPublicAddress, createCheckedLookup } from '../../../../adapters/mcp/host/checked-address.ts';
import { EgressRefusedError } from '../../../../domain/connections/connection-ports.ts';
import { createGuardedFetch } from '../../../../adapters/mcp/host/egress.ts';
import { LOOPBACK_HOSTS, OTHER_URLS, PRIVATE_HOSTS } from './addresses-corpus.ts';

let trap: Server;
let port: number;
let hits: number;
beforeEach(async () => {
  hits = 0;
  trap = createServer((socket) => {
    hits++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  port = (trap.address() as AddressInfo).port;
});
afterEach(() => new Promise((resolve) => trap.close(resolve)));

/** What came of asking: refused before anything was sent, or something else. */
const outcome = (ask: Promise<unknown>) =>
  ask.then(
    () => 'answered',
    (error: unknown) => (error instanceof EgressRefusedError ? 'refused' : `tried: ${String(error)}`),
  );
const hostUrls = () => [...LOOPBACK_HOSTS, ...PRIVATE_HOSTS].map((host) => `https://${host}:${port}/`);
const otherUrls = () => OTHER_URLS.map((url) => url.replace('127.0.0.1/', `127.0.0.1:${port}/`));

describe('the guarded fetch', () => {
  it('knows more than a hundred and twenty ways to write an address that it must not ask', () => {
    expect(new Set([...hostUrls(), ...otherUrls()]).size).toBeGreaterThan(180);
  });

  it('refuses every one of them, and nobody hears of it', async () => {
    const guarded = createGuardedFetch({ allowPrivate: false, resolve: async () => ['127.0.0.1'] });
    const urls = [...hostUrls(), ...otherUrls()];
    const outcomes = await Promise.all(urls.map(async (url) => [url, await outcome(guarded(url))]));
    expect(outcomes.filter(([, what]) => what !== 'refused')).toEqual([]);
    expect(hits).toBe(0);
  });

  it('is what keeps them away: without it dozens of the same addresses arrive', async () => {
    const open = createGuardedFetch({ allowPrivate: true, resolve: async () => ['127.0.0.1'] });
    const urls = LOOPBACK_HOSTS.map((host) => `https://${host}:${port}/`);
    await Promise.all(urls.map((url) => outcome(open(url))));
    expect(hits).toBeGreaterThan(30);
  });

  it.each([
    ['loopback', ['127.0.0.1']],
    ['IPv6 loopback', ['::1']],
    ['a mapped address', ['::ffff:127.0.0.1']],
    ['a mapped address in hexadecimal', ['::ffff:7f00:1']],
    ['NAT64', ['64:ff9b::7f00:1']],
    ['a link-local address with a zone', ['fe80::1%lo']],
    ['the metadata service', ['169.254.169.254']],
    ['an address that is none', ['not-an-address']],
    ['nothing', []],
    ['a good address and a bad one', ['93.184.215.14', '127.0.0.1']],
    ['a bad address behind good ones', ['93.184.215.14', '2606:4700::1111', '10.0.0.1']],
  ])('refuses a name that leads to %s', async (_what, addresses) => {
    const guarded = createGuardedFetch({ allowPrivate: false, resolve: async () => addresses });
    expect(await outcome(guarded(`https://innocent.example:${port}/`))).toBe('refused');
    expect(hits).toBe(0);
  });

  it('opens the socket to the address that was judged, so a name that rebinds gains nothing', async () => {
    const answers = [['93.184.215.14'], ['127.0.0.1']];
    const lookup = createCheckedLookup(async () => answers.shift() ?? ['127.0.0.1'], false);
    const look = () =>
      new Promise((resolve) =>
        lookup('rebind.example', { all: true }, (error, addresses) => resolve(error ? 'refused' : addresses)),
      );
    expect(await look()).toEqual([{ address: '93.184.215.14', family: 4 }]);
    expect(answers).toHaveLength(1);
    expect(await look()).toBe('refused');
  });

  it('says which host it refused and nothing of the path, where secrets are', async () => {
    const guarded = createGuardedFetch({ allowPrivate: false });
    const refusal = await guarded(`https://10.0.0.1/token/s3cret?key=s3cret`).catch((error: unknown) => error);
    expect(String(refusal)).toContain('10.0.0.1');
    expect(String(refusal)).not.toContain('s3cret');
  });
});

describe('a public address', () => {
  it.each(['93.184.215.14', '1.1.1.1', '8.8.8.8', '2606:4700::1111', '2a00:1450:4001:82a::200e'])(
    'is %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each(['', 'example.com', '127.1', '0x7f.1', '2130706433', '1.1.1.1%eth0', '01.1.1.1'])('is not %p', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});
