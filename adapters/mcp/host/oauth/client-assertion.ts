import { constants, createPrivateKey, randomUUID, sign, type JsonWebKeyInput, type KeyObject } from 'node:crypto';
import type { AddClientAuthentication } from '@modelcontextprotocol/sdk/client/auth.js';
import type { ConnectionAuth } from '../../../../contracts/connections.ts';
import { GrantError } from '../../../../domain/connections/grant-port.ts';

type KeyAuth = Extract<ConnectionAuth, { kind: 'private_key_jwt' }>;

const LIFETIME_S = 300;
const HASH = { ES256: 'sha256', ES384: 'sha384', RS256: 'sha256', PS256: 'sha256', EdDSA: undefined } as const;
const KEY_TYPE = { ES256: 'ec', ES384: 'ec', RS256: 'rsa', PS256: 'rsa', EdDSA: 'ed25519' } as const;

/**
 * Proves who we are with a signed assertion (RFC 7523 2.2). Not the SDK's own, which can name no key (`kid`) and takes no
 * Ed25519 key as PEM.
 */
export const assertWithKey =
  (auth: KeyAuth): AddClientAuthentication =>
  (_headers, params, url, metadata) => {
    params.set('client_id', auth.clientId);
    params.set('client_assertion', signAssertion(auth, metadata?.issuer ?? String(url)));
    params.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
  };

/** @throws GrantError when the key is none, or not one for the algorithm. */
export function signAssertion(auth: KeyAuth, audience: string, now = Math.floor(Date.now() / 1_000)): string {
  const { algorithm, clientId, keyId } = auth;
  const header = { alg: algorithm, typ: 'JWT', ...(keyId && { kid: keyId }) };
  const claims = { iss: clientId, sub: clientId, aud: audience, iat: now, exp: now + LIFETIME_S, jti: randomUUID() };
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const key = readKey(auth);
  const signature = sign(HASH[algorithm], Buffer.from(text), {
    key,
    ...(key.asymmetricKeyType === 'ec' && { dsaEncoding: 'ieee-p1363' as const }),
    ...(algorithm === 'PS256' && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  });
  return `${text}.${signature.toString('base64url')}`;
}

function readKey({ privateKey, algorithm }: KeyAuth): KeyObject {
  const problem = new GrantError('refused', `The private key cannot be read as one for ${algorithm}.`);
  try {
    const key = privateKey.trimStart().startsWith('{')
      ? createPrivateKey({ key: JSON.parse(privateKey) as JsonWebKeyInput['key'], format: 'jwk' })
      : createPrivateKey(privateKey);
    if (key.asymmetricKeyType === KEY_TYPE[algorithm]) return key;
  } catch {
    // What OpenSSL says of it helps nobody, and may quote it.
  }
  throw problem;
}
