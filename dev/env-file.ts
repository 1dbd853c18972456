import { join } from 'node:path';
import { ROOT } from './paths.ts';

/** Reads `.env` of the checkout, if there is one. */
export function loadEnvFile(): void {
  try {
    process.loadEnvFile(join(ROOT, '.env'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
