import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

describe('the conformance suite of the protocol’s authors', () => {
  it.each(['initialize', 'tools_call', 'sse-retry'])('passes for our remote session: %s', async (scenario) => {
    const probe = `${process.execPath} ${import.meta.dirname}/conformance-probe.ts`;
    const { stdout, stderr } = await run(
      'node_modules/.bin/conformance',
      ['client', '--command', probe, '--scenario', scenario],
      {
        env: { PATH: process.env.PATH },
      },
    );
    expect(stdout + stderr).toMatch(/Passed: \d+\/\d+, 0 failed, 0 warnings/);
  });
});
