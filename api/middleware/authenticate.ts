import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { ownValue } from '../../contracts/json.ts';
import { RequestError } from '../../contracts/request.ts';
import { auditRefusal } from '../../domain/audit.ts';
import type { DatabaseDeps } from '../../domain/deps.ts';
import { refreshRights, type ProfileDeps } from '../../domain/organizations/people.ts';
import { findTokenOwner, hashToken } from '../../domain/organizations/organizations.ts';
import type { ApiEnv } from '../deps.ts';

const BEARER = /^Bearer +([\x21-\x7e]{1,512})$/i;

/** Finds out who speaks, by bearer token; everything behind it is for known people only. */
export const authenticate = (deps: DatabaseDeps & ProfileDeps) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const token = BEARER.exec(c.req.header('authorization') ?? '')?.[1];
    if (!token) throw new RequestError('unauthorized', 'Send the header "Authorization: Bearer <token>".');
    const tokenHash = hashToken(token);
    const owner = await findTokenOwner(deps, tokenHash);
    if (!owner) throw new RequestError('unauthorized', 'This token is not known, has expired or was revoked.');
    const { slack, ...principal } = owner;
    // Being in a channel lets people see its work, and nothing else: nobody who acts waits for Slack's list.
    if (c.req.method === 'GET' || !c.req.path.startsWith('/api/')) await deps.refreshMemberships?.(principal, slack);
    // Who reads is looked at again when they act; a role that Slack has taken away must not act.
    c.set('principal', c.req.method === 'GET' ? principal : await refreshRights(deps, principal, slack));
    c.set('tokenHash', tokenHash);
    await next();
    if (c.error instanceof RequestError && c.error.reason === 'role') await auditRole(deps, c, c.error);
  });

/** What can be done to a job, by what the audit calls it. */
const ACTS: Partial<Record<string, string>> = {
  approve: 'approval.decide',
  cancel: 'approval.decide',
  steer: 'job.steer',
  undo: 'effects.undo',
};

/** Whoever lacks the role for an act is refused before anything looks at the act itself. */
const auditRole = (deps: DatabaseDeps, c: Context<ApiEnv>, refusal: RequestError): Promise<unknown> => {
  const { method, path } = c.req;
  const [, jobId = '', verb = ''] = /^\/api\/jobs\/([^/]{1,100})\/(\w+)$/.exec(path) ?? [];
  const action = ownValue(ACTS, verb);
  const act = action ? ([action, jobId] as const) : (['request.refused', path.slice(0, 200)] as const);
  return auditRefusal(deps, c.get('principal'), act, refusal, { method }).catch(() => undefined);
};

/** Guests read; they start and decide nothing. */
export const membersOnly = createMiddleware<ApiEnv>(async (c, next) => {
  if (c.get('principal').role === 'guest')
    throw new RequestError(
      'forbidden',
      'Guests may read but not start or decide work. Ask an admin for the role "user".',
      undefined,
      'role',
    );
  await next();
});

/** What concerns everybody's money and access is for admins. */
export const adminsOnly = createMiddleware<ApiEnv>(async (c, next) => {
  if (c.get('principal').role !== 'admin')
    throw new RequestError('forbidden', 'Only an admin of the organization may do this.', undefined, 'role');
  await next();
});
