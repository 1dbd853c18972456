import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runningInstance } from './instance.ts';

/** Where the parts of a started product are, for the command line scripts. */
export const RunningSystem = z.object({
  apiUrl: z.string(),
  token: z.string(),
  temporalAddress: z.string(),
  temporalUiUrl: z.string().optional(),
  temporalNamespace: z.string(),
  databaseUrl: z.string(),
  temporalCli: z.string().optional(),
  /** The profile of a server of our own; without it, what the environment says of Temporal holds. */
  temporalConfigFile: z.string().optional(),
  payloadKeys: z.string().optional(),
  demoSlackUrl: z.string().optional(),
  demoNotionUrl: z.string().optional(),
});
export type RunningSystem = z.infer<typeof RunningSystem>;

const fileOf = (dataDir: string) => join(dataDir, 'nubabel.json');

/** What `npm start` runs on this data directory; undefined when it does not run. */
export function readRunningSystem(dataDir: string): RunningSystem | undefined {
  if (!runningInstance(dataDir)) return undefined;
  try {
    return RunningSystem.parse(JSON.parse(readFileSync(fileOf(dataDir), 'utf8')));
  } catch {
    return undefined; // still starting
  }
}

export const writeRunningSystem = (dataDir: string, system: RunningSystem): void =>
  writeFileSync(fileOf(dataDir), `${JSON.stringify(system, undefined, 2)}\n`, { mode: 0o600 });

export const forgetRunningSystem = (dataDir: string): void => rmSync(fileOf(dataDir), { force: true });
