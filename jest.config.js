import { existsSync } from 'node:fs';

/** Without a browser its tests are left out, and it is said; continuous integration must have one. */
const browser = existsSync('/usr/bin/chromium') || process.env.CI === 'true';
if (!browser) process.stderr.write('No Chromium at /usr/bin/chromium: the browser tests are left out.\n');

const shared = {
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: true },
          target: 'es2024',
          transform: { react: { runtime: 'automatic' } },
        },
        module: { type: 'es6' },
      },
    ],
  },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.data/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
};

/**
 * `unit`: pure, seconds. `system`: real Postgres, real Temporal, real processes, a browser. `long`: proofs that take
 * minutes. A file says where it belongs by its name.
 */
export default {
  testTimeout: 120_000,
  maxWorkers: 2,
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/tests/**/*.test.{ts,tsx}'],
      testPathIgnorePatterns: [
        ...shared.testPathIgnorePatterns,
        '\\.(system|long|browser)\\.test\\.tsx?$',
        '/tests/dev/',
      ],
    },
    {
      ...shared,
      displayName: 'system',
      testMatch: [
        '<rootDir>/tests/**/*.system.test.ts',
        ...(browser ? ['<rootDir>/tests/**/*.browser.test.ts'] : []),
        '<rootDir>/tests/dev/**/*.test.ts',
      ],
      globalSetup: '<rootDir>/tests/support/servers.ts',
      globalTeardown: '<rootDir>/tests/support/stop-servers.ts',
    },
    {
      ...shared,
      displayName: 'long',
      testMatch: ['<rootDir>/tests/**/*.long.test.ts'],
      globalSetup: '<rootDir>/tests/support/servers.ts',
      globalTeardown: '<rootDir>/tests/support/stop-servers.ts',
    },
  ],
};
