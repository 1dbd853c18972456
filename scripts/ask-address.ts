import { readRunningSystem } from '../dev/running.ts';

export interface Address {
  readonly baseUrl: string;
  readonly token: string;
}

const DEFAULT_URL = 'http://127.0.0.1:3000';

/** Where Nubabel is and how to speak to it: from the environment, else from what `npm start` left for scripts. */
export function findAddress(
  env: Readonly<Record<string, string | undefined>>,
  readRunning: typeof readRunningSystem = readRunningSystem,
): Address {
  const running =
    env['NUBABEL_URL'] && env['NUBABEL_DEV_TOKEN'] ? undefined : readRunning(env['NUBABEL_DATA_DIR'] || '.data');
  const baseUrl = (env['NUBABEL_URL'] || running?.apiUrl)?.replace(/\/+$/, '');
  const token = env['NUBABEL_DEV_TOKEN'] || running?.token;
  if (baseUrl === undefined) throw new Error(notRunning(DEFAULT_URL));
  if (token === undefined) throw new Error(`There is no token for ${baseUrl}. Set NUBABEL_DEV_TOKEN.`);
  return { baseUrl, token };
}

/** What to say when nobody answers there. */
export const notRunning = (baseUrl: string): string => `Nubabel is not running at ${baseUrl}. Start it with npm start.`;
