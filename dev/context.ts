import type { EnvironmentSettings } from '../config.ts';
import type { Paths } from './paths.ts';
import type { Terminal } from './terminal.ts';
import type { Supervisor } from './supervise.ts';

/** What every part of the start works with. */
export interface StartContext {
  readonly settings: EnvironmentSettings;
  readonly paths: Paths;
  readonly terminal: Terminal;
  readonly supervisor: Supervisor;
  /** The preferred port or the next free one. */
  readonly findPort: (preferred: number) => Promise<number>;
  /** Aborted when the person wants to stop. */
  readonly signal: AbortSignal;
}
