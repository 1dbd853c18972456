import type { SealedFor } from './sealing.ts';

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
