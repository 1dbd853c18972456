/** For outer functions, which open the tenant's transaction themselves. */
export type { DatabaseDeps } from '../db/organization.ts';

/** Where faults are told that fail nobody's request. */
export interface LogDeps {
  readonly log: { warn(fields: object, message: string): void };
}

/** Wakes the readers of an organization's events, after the commit. */
export interface WakeDeps {
  readonly wakeReaders: (organizationId: string) => void;
}
