import { randomUUID } from 'node:crypto';
import { DEFAULT_ORGANIZATION_ID, hashToken } from '../../domain/organizations/organizations.ts';
import { withOrganization } from '../../db/organization.ts';
import { putOrganization, putToken, putUser } from '../../db/queries/organizations.ts';
import { withToken, type Nubabel } from './nubabel.ts';

export interface Person {
  readonly organizationId: string;
  readonly userId: string;
  readonly token: string;
  /** Asks the API as this person. */
  request(path: string, init?: RequestInit): Promise<Response>;
}

interface NewPerson {
  readonly role?: 'admin' | 'user' | 'guest';
  /** The name of a new organization; without it the person joins the default one. */
  readonly newOrganization?: string;
  readonly organizationId?: string;
  readonly slackUserId?: string;
  readonly expiresAt?: string;
}

/** A person with a token, as `npm run token` makes them. */
export async function addPerson(nubabel: Nubabel, given: NewPerson = {}): Promise<Person> {
  const { role = 'user', newOrganization, slackUserId, expiresAt } = given;
  const organizationId = newOrganization ? randomUUID() : (given.organizationId ?? DEFAULT_ORGANIZATION_ID);
  const userId = randomUUID();
  const token = `nub_${randomUUID()}`;
  await withOrganization(nubabel.database.db, organizationId, async (trx) => {
    if (newOrganization) await putOrganization(trx, { id: organizationId, name: newOrganization });
    await putUser(trx, {
      organization_id: organizationId,
      id: userId,
      name: `${role} person`,
      role,
      ...(slackUserId && { slack_team_id: 'TDEMO', slack_user_id: slackUserId }),
    });
    await putToken(trx, {
      organization_id: organizationId,
      token_hash: hashToken(token),
      user_id: userId,
      name: 'test',
      ...(expiresAt && { expires_at: expiresAt }),
    });
  });
  return { organizationId, userId, token, request: requestAs(nubabel, token) };
}

/** Asks the API with this token instead of the developer's. */
export const requestAs =
  (nubabel: Nubabel, token: string) =>
  (path: string, init: RequestInit = {}): Promise<Response> =>
    nubabel.request(path, { ...init, headers: withToken(token, init) });

/** Takes a token back, as an admin does. */
export const revoke = (nubabel: Nubabel, { organizationId, token }: Pick<Person, 'organizationId' | 'token'>) =>
  withOrganization(nubabel.database.db, organizationId, (trx) =>
    trx
      .updateTable('api_tokens')
      .set({ revoked_at: new Date().toISOString() })
      .where('token_hash', '=', hashToken(token))
      .execute(),
  );
