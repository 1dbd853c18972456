import { execFile, execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const package_ = createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json');
const TOOL = join(dirname(package_), 'dist', 'index.js');
const PROBE = join(import.meta.dirname, 'client.ts');
const LIMIT_MS = 60_000;

/** What we offer no server, so that there is nothing to conform. Everything else the tool knows of has to pass. */
const NOT_OFFERED: Readonly<Record<string, string>> = {
  'auth/cross-app-access-complete-flow': 'an extension: there is no identity provider whose tokens we could exchange',
};

/** As the tool names them; the suites of drafts and extensions too. */
const scenarios = execFileSync(process.execPath, [TOOL, 'list', '--client'], { encoding: 'utf8' })
  .split('\n')
  .flatMap((line) => /^\s+- (\S+)/.exec(line)?.[1] ?? []);
const offered = scenarios.filter((name) => !(name in NOT_OFFERED));

interface Ran {
  readonly code: number;
  readonly said: string;
}

const run = (scenario: string): Promise<Ran> =>
  new Promise((resolve) => {
    const command = `${process.execPath} ${PROBE}`;
    const args = [TOOL, 'client', '--command', command, '--scenario', scenario, '--timeout', String(LIMIT_MS / 2)];
    const child = execFile(
      process.execPath,
      args,
      { cwd: tmpdir(), timeout: LIMIT_MS, killSignal: 'SIGKILL' },
      (_, out, err) => resolve({ code: child.exitCode ?? -1, said: `${out}${err}` }),
    );
  });

/** The tool times a reconnect by the clock on the wall: where only the machine was late, it is timed again. */
async function runOnTime(scenario: string, tries = 3): Promise<Ran> {
  const ran = await run(scenario);
  const wasLate = / 1 warnings/.test(ran.said) && /Client reconnected slightly late \(\d+ms/.test(ran.said);
  return wasLate && tries > 1 ? runOnTime(scenario, tries - 1) : ran;
}

describe('our host, as the conformance tool sees a client', () => {
  it('is asked about everything of the revision we speak', () => {
    expect(offered.length).toBeGreaterThanOrEqual(25);
    for (const name of Object.keys(NOT_OFFERED)) expect(scenarios).toContain(name);
  });

  it.each(offered)(
    'passes %s without a warning',
    async (scenario) => {
      const { code, said } = await runOnTime(scenario);
      expect({ scenario, code, said: code === 0 ? '' : said }).toEqual({ scenario, code: 0, said: '' });
      expect(said).toMatch(/Passed: (\d+)\/\1, 0 failed, 0 warnings/);
    },
    3 * LIMIT_MS + 5_000,
  );
});
