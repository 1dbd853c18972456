import { createCipheriv, createDecipheriv, randomBytes, createHash } from 'node:crypto';

/** A secret that the operator holds outside of the database; the id says later which one a text was sealed with. */
export interface SealingKey {
  readonly id: string;
  readonly key: Buffer;
}

/** Whose secret it is. A sealed text that is moved to another row or organization does not open. */
export interface SealedFor {
  readonly organizationId: string;
  readonly rowId: string;
}

export interface Sealer {
  seal(secret: string, owner: SealedFor): string;
  /** @throws SealedError when no key fits, or the text or its owner is another than was sealed. */
  open(sealed: string, owner: SealedFor): string;
}

/**
 * Says that a secret cannot be opened, and nothing of it. `no_key`: it is whole, and its key is not here, which an
 * operator can mend. `damaged`: no key will ever open it.
 */
export class SealedError extends Error {
  override readonly name = 'SealedError';
  readonly reason: 'no_key' | 'damaged';
  constructor(message: string, reason: 'no_key' | 'damaged' = 'damaged') {
    super(message);
    this.reason = reason;
  }
}

const VERSION = 'v1';
const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

const boundTo = (keyId: string, { organizationId, rowId }: SealedFor): Buffer =>
  Buffer.from(JSON.stringify([VERSION, keyId, organizationId, rowId]));

/** AES-256-GCM with a fresh nonce each time. The first key seals, every key opens: a new one goes in front. */
export function createSealer(keys: readonly [SealingKey, ...SealingKey[]]): Sealer {
  const [first] = keys;
  return {
    seal(secret, owner) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, first.key, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(boundTo(first.id, owner));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return [VERSION, first.id, ...[iv, cipher.getAuthTag(), text].map((part) => part.toString('base64url'))].join(
        '.',
      );
    },
    open(sealed, owner) {
      const [version, keyId = '', iv = '', tag = '', text = ''] = sealed.split('.');
      const found = keys.find(({ id }) => id === keyId);
      if (version !== VERSION || !found)
        throw new SealedError(`No key of CREDENTIAL_KEYS is named ${keyId}.`, 'no_key');
      try {
        const decipher = createDecipheriv(ALGORITHM, found.key, Buffer.from(iv, 'base64url'), {
          authTagLength: TAG_BYTES,
        });
        decipher.setAAD(boundTo(keyId, owner));
        decipher.setAuthTag(Buffer.from(tag, 'base64url'));
        return Buffer.concat([decipher.update(Buffer.from(text, 'base64url')), decipher.final()]).toString('utf8');
      } catch {
        throw new SealedError('The sealed text is not what was sealed for this row.');
      }
    },
  };
}

/**
 * Whose each sealed text is, wherever one is kept. A text that is moved to another row, column or organization does not
 * open there.
 */
export const sealedFor = {
  credentials: (organizationId: string, connectionId: string): SealedFor => ({
    organizationId,
    rowId: `${connectionId}/credentials`,
  }),
  authState: (organizationId: string, connectionId: string): SealedFor => ({
    organizationId,
    rowId: `${connectionId}/auth_state`,
  }),
  oauthState: (organizationId: string, stateHash: Buffer): SealedFor => ({
    organizationId,
    rowId: `${stateHash.toString('hex')}/oauth_state`,
  }),
  modelKey: (organizationId: string, id: string): SealedFor => ({ organizationId, rowId: id }),
} as const;

const ID_DIGITS = 12;

/** Tells two keys apart without saying anything of them. */
export const fingerprintOf = (key: string): string => createHash('sha256').update(key).digest('hex');

/** The account of a key from the environment: the same in every process that holds the key. */
export const environmentAccountId = (key: string): string => `env-${fingerprintOf(key).slice(0, ID_DIGITS)}`;
