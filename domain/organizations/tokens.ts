import { createHash } from 'node:crypto';
import type { Principal } from '../../contracts/request.ts';
import { findPrincipal } from '../../db/queries/organizations.ts';
import type { DatabaseDeps } from '../deps.ts';

/** Tokens are kept as their SHA-256 only; they are long and random, so a slow hash would add nothing. */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Whom a token (its hash) speaks for now; undefined when it is unknown, has expired or was taken back. */
export const findTokenOwner = ({ db }: DatabaseDeps, tokenHash: Buffer): Promise<Principal | undefined> =>
  findPrincipal(db, tokenHash);
