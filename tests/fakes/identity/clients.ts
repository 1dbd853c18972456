import { createPublicKey, verify } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FakeClient } from './types.ts';

/** Who asks the token endpoint: by Basic, in the body, or with a signed assertion. Undefined for anybody else. */
export function authenticateClient(
  req: IncomingMessage,
  body: URLSearchParams,
  clients: ReadonlyMap<string, FakeClient>,
  audience: string,
): FakeClient | undefined {
  const basic = /^Basic (.+)$/.exec(req.headers.authorization ?? '')?.[1];
  const [basicId, basicSecret] = basic ? Buffer.from(basic, 'base64').toString().split(':') : [];
  const assertion = body.get('client_assertion');
  const id = basicId ?? body.get('client_id') ?? (assertion ? claimsOf(assertion).sub : undefined);
  const client = id === undefined ? undefined : clients.get(id);
  if (!client) return undefined;
  if (client.publicKey) return assertion && isSigned(assertion, client, audience) ? client : undefined;
  const secret = basicSecret ?? body.get('client_secret') ?? undefined;
  return client.secret === secret ? client : undefined;
}

const claimsOf = (assertion: string) =>
  JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()) as Record<string, string | undefined>;

/** ES256 only; the audience has to be us, and the assertion young. */
function isSigned(assertion: string, client: FakeClient, audience: string): boolean {
  const [header = '', claims = '', signature = ''] = assertion.split('.');
  const { iss, sub, aud, exp } = claimsOf(assertion);
  const key = { key: createPublicKey(client.publicKey ?? ''), dsaEncoding: 'ieee-p1363' as const };
  return (
    iss === client.id &&
    sub === client.id &&
    aud === audience &&
    Number(exp) * 1_000 > Date.now() &&
    verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'))
  );
}
