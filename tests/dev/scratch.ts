import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from '@jest/globals';

const made: string[] = [];

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder for one test, gone after it; Postgres' own user may enter it. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nubabel-dev-'));
  chmodSync(folder, 0o755);
  made.push(folder);
  return folder;
}

/** Also removed after the test. */
export const removeLater = (folder: string): void => void made.push(folder);

/** A shell script that stands in for a program. */
export function program(path: string, script: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}
