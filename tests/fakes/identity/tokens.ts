import { createHash, randomBytes } from 'node:crypto';

/** A person's or a machine's permission; all tokens of one family end together. */
export interface Family {
  readonly client: string;
  readonly scope: string;
  readonly resource: string | undefined;
  isRevoked: boolean;
}

interface Code {
  readonly family: Family;
  readonly challenge: string;
  readonly redirectUri: string;
  isUsed: boolean;
}

/** The tokens an authorization server has given, each good for what OAuth 2.1 says and no more. */
export class FakeTokens {
  readonly #codes = new Map<string, Code>();
  readonly #access = new Map<string, { family: Family; until: number }>();
  readonly #refresh = new Map<string, { family: Family; isUsed: boolean }>();
  readonly #families: Family[] = [];

  newCode(given: { client: string; scope: string; resource?: string; challenge: string; redirectUri: string }): string {
    const { challenge, redirectUri, client, scope, resource } = given;
    const family = { client, scope, resource, isRevoked: false };
    this.#families.push(family);
    const code = random('code');
    this.#codes.set(code, { family, challenge, redirectUri, isUsed: false });
    return code;
  }
  /** A code that is used twice was stolen: all that came of it ends (OAuth 2.1 4.1.3). */
  useCode(
    code: string,
    given: { client: string; verifier: string; redirectUri: string },
  ): Family | 'reuse' | undefined {
    const found = this.#codes.get(code);
    if (!found) return undefined;
    if (found.isUsed) {
      found.family.isRevoked = true;
      return 'reuse';
    }
    const challenge = createHash('sha256').update(given.verifier).digest('base64url');
    const fits =
      found.family.client === given.client && found.redirectUri === given.redirectUri && found.challenge === challenge;
    if (!fits) return undefined;
    found.isUsed = true;
    return found.family;
  }
  /** Rotates: a refresh token that comes a second time was stolen, and the family ends. */
  useRefresh(token: string, client: string): Family | 'reuse' | undefined {
    const found = this.#refresh.get(token);
    if (!found || found.family.client !== client || found.family.isRevoked) return undefined;
    if (found.isUsed) {
      found.family.isRevoked = true;
      return 'reuse';
    }
    found.isUsed = true;
    return found.family;
  }
  newFamily(client: string, scope: string, resource: string | undefined): Family {
    const family = { client, scope, resource, isRevoked: false };
    this.#families.push(family);
    return family;
  }
  give(family: Family, seconds: number, withRefresh: boolean) {
    const [accessToken, refreshToken] = [random('at'), random('rt')];
    this.#access.set(accessToken, { family, until: Date.now() + seconds * 1_000 });
    if (withRefresh) this.#refresh.set(refreshToken, { family, isUsed: false });
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: seconds,
      scope: family.scope,
      ...(withRefresh && { refresh_token: refreshToken }),
    };
  }
  check(token: string): Family | undefined {
    const found = this.#access.get(token);
    return found && !found.family.isRevoked && found.until > Date.now() ? found.family : undefined;
  }
  endAccess() {
    this.#access.clear();
  }
  revoke() {
    for (const family of this.#families) family.isRevoked = true;
  }
}

const random = (prefix: string) => `${prefix}_${randomBytes(24).toString('base64url')}`;
