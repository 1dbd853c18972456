import { createMiddleware } from 'hono/factory';
import { RequestError } from '../../contracts/request.ts';
import type { DatabaseDeps } from '../../domain/deps.ts';
import { findTokenOwner, hashToken } from '../../domain/organizations/organizations.ts';
import type { ApiEnv } from '../deps.ts';

const BEARER = /^Bearer +([\x21-\x7e]{1,512})$/i;

/** Finds out who speaks, by bearer token; everything behind it is for known people only. */
export const authenticate = (deps: DatabaseDeps) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const token = BEARER.exec(c.req.header('authorization') ?? '')?.[1];
    if (!token) throw new RequestError('unauthorized', 'Send the header "Authorization: Bearer <token>".');
    const tokenHash = hashToken(token);
    const principal = await findTokenOwner(deps, tokenHash);
    if (!principal) throw new RequestError('unauthorized', 'This token is not known, has expired or was taken back.');
    c.set('principal', principal);
    c.set('tokenHash', tokenHash);
    await next();
  });

/** Guests read; they start and decide nothing. */
export const membersOnly = createMiddleware<ApiEnv>(async (c, next) => {
  if (c.get('principal').role === 'guest')
    throw new RequestError(
      'forbidden',
      'Guests may read but not start or decide work. Ask an admin for the role "user".',
    );
  await next();
});

/** What concerns everybody's money and access is for admins. */
export const adminsOnly = createMiddleware<ApiEnv>(async (c, next) => {
  if (c.get('principal').role !== 'admin')
    throw new RequestError('forbidden', 'Only an admin of the organization may do this.');
  await next();
});
