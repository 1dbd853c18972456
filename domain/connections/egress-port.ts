/** The address must not be asked. Nothing was sent. */
export class EgressRefusedError extends Error {
  override readonly name = 'EgressRefusedError';
}

/** What can be said of an address that a tenant names before it is looked up. @throws EgressRefusedError */
export type CheckAddress = (url: URL) => void;
