import { createHash } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { findPrincipal } from '../../db/queries/people.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { ProblemError } from '../problems.ts';

/** Tokens are kept as their SHA-256 only; they are long and random, so a slow hash would add nothing. */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest();

const BEARER = /^Bearer +([\x21-\x7e]{1,512})$/i;

/** Finds out who speaks, by bearer token; everything behind it is for known people only. */
export const authenticate = ({ db }: Pick<ApiDeps, 'db'>) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const token = BEARER.exec(c.req.header('authorization') ?? '')?.[1];
    if (!token) throw new ProblemError('unauthorized', 'Send the header "Authorization: Bearer <token>".');
    const tokenHash = hashToken(token);
    const principal = await findPrincipal(db, tokenHash);
    if (!principal) throw new ProblemError('unauthorized', 'This token is not known, has expired or was taken back.');
    c.set('principal', principal);
    c.set('tokenHash', tokenHash);
    await next();
  });

/** Guests read; they start and decide nothing. */
export const membersOnly = createMiddleware<ApiEnv>(async (c, next) => {
  if (c.get('principal').role === 'guest')
    throw new ProblemError(
      'forbidden',
      'Guests may read but not start or decide work. Ask an admin for the role "user".',
    );
  await next();
});

/** What concerns everybody's money and access is for admins. */
export const adminsOnly = createMiddleware<ApiEnv>(async (c, next) => {
  if (c.get('principal').role !== 'admin')
    throw new ProblemError('forbidden', 'Only an admin of the organization may do this.');
  await next();
});
