import { generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createFakeIdentity, type FakeIdentity } from '../../../fakes/identity/index.ts';
import { signAssertion } from '../../../../adapters/mcp/host/oauth/renew.ts';
import { openHost } from './fixture.ts';

let identity: FakeIdentity;
afterEach(() => identity.close());

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject) =>
  key.export({ format: 'pem', type: key.type === 'public' ? 'spki' : 'pkcs8' }).toString();

describe('a machine', () => {
  it('gets a token with its secret, for the resource, and another when that one ends', async () => {
    identity = await createFakeIdentity({ clients: [{ id: 'robot', secret: 'hush', redirectUris: [] }] });
    const { call } = openHost(identity, { kind: 'client_credentials', clientId: 'robot', clientSecret: 'hush' });
    expect((await call()).status).toBe(200);
    expect((await call()).status).toBe(200);
    expect(identity.count('token', 'given')).toBe(1);
    identity.endAccess();
    expect((await call()).status).toBe(200);
    expect(identity.count('token', 'given')).toBe(2);
    expect(identity.lines.findLast(({ what }) => what === 'token')).toMatchObject({ resource: identity.resourceUrl });
  });

  it('gets one with its key', async () => {
    const robot = { id: 'robot', publicKey: pem(publicKey), redirectUris: [] };
    identity = await createFakeIdentity({ clients: [robot] });
    const auth = {
      kind: 'private_key_jwt',
      clientId: 'robot',
      privateKey: pem(privateKey),
      algorithm: 'ES256',
    } as const;
    expect((await openHost(identity, auth).call()).status).toBe(200);
    const outsider = pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    await expect(openHost(identity, { ...auth, privateKey: outsider }).call()).rejects.toMatchObject({
      kind: 'reconnect',
    });
  });

  it('that is refused asks for a person, and is served again once that is mended', async () => {
    identity = await createFakeIdentity({ clients: [{ id: 'robot', secret: 'hush', redirectUris: [] }] });
    const { call, store } = openHost(identity, { kind: 'client_credentials', clientId: 'robot', clientSecret: 'hush' });
    expect((await call()).status).toBe(200);
    identity.endAccess();
    identity.settings.tokenFaults.push({ status: 400, body: { error: 'invalid_grant' } });
    await expect(call()).rejects.toMatchObject({ kind: 'reconnect' });
    expect(store.reconnects).toHaveLength(1);
    expect((await call()).status).toBe(200);
  });

  it('shows nothing to another authorization server than its own', async () => {
    identity = await createFakeIdentity({ clients: [{ id: 'robot', secret: 'hush', redirectUris: [] }] });
    const auth = {
      kind: 'client_credentials',
      clientId: 'robot',
      clientSecret: 'hush',
      issuer: 'https://other.test',
    } as const;
    await expect(openHost(identity, auth).call()).rejects.toMatchObject({ kind: 'reconnect' });
    expect(identity.count('token')).toBe(0);
  });
});

describe('an assertion', () => {
  const auth = { kind: 'private_key_jwt', clientId: 'robot', keyId: 'k1' } as const;
  it.each([
    ['ES256', 'ec', { namedCurve: 'P-256' }, 'sha256'],
    ['ES384', 'ec', { namedCurve: 'P-384' }, 'sha384'],
    ['RS256', 'rsa', { modulusLength: 2048 }, 'sha256'],
    ['PS256', 'rsa', { modulusLength: 2048 }, 'sha256'],
    ['EdDSA', 'ed25519', {}, undefined],
  ] as const)('is signed with %s, from PEM as from JWK', (algorithm, type, options, hash) => {
    const pair = generateKeyPairSync(type as 'ec', options as { namedCurve: string });
    for (const given of [pem(pair.privateKey), JSON.stringify(pair.privateKey.export({ format: 'jwk' }))]) {
      const [header = '', claims = '', signature = ''] = signAssertion(
        { ...auth, algorithm, privateKey: given },
        'https://as.test',
      ).split('.');
      const key = {
        key: pair.publicKey,
        ...(type === 'ec' && { dsaEncoding: 'ieee-p1363' as const }),
        ...(algorithm === 'PS256' && { padding: 6, saltLength: 32 }),
      };
      expect(verify(hash, Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
      expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
        alg: algorithm,
        typ: 'JWT',
        kid: 'k1',
      });
      expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
        iss: 'robot',
        sub: 'robot',
        aud: 'https://as.test',
      });
    }
  });

  it.each([['no key at all'], [pem(privateKey)]])(
    'is refused with a key of another kind, which is not quoted',
    (given) => {
      const sign = () => signAssertion({ ...auth, algorithm: 'RS256', privateKey: given }, 'https://as.test');
      expect(sign).toThrow(/^The private key cannot be read as one for RS256\.$/);
    },
  );
});
