import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { claimDataDir } from '../../dev/instance.ts';
import { writeRunningSystem } from '../../dev/running.ts';
import { program, scratch } from './scratch.ts';

const COMMAND = fileURLToPath(new URL('../../scripts/temporal.ts', import.meta.url));

/** What Temporal's command line is given, where a person has settings for a Temporal of their own. */
async function givenTo(more: { temporalConfigFile?: string }): Promise<string> {
  const dataDir = scratch();
  const temporalCli = program(join(dataDir, 'cli'), 'echo "$@"; env | grep ^TEMPORAL_ | sort');
  const instance = await claimDataDir(dataDir, { print: () => undefined });
  const places = { apiUrl: 'http://a', databaseUrl: 'c', temporalAddress: 'b:1', temporalNamespace: 'default' };
  writeRunningSystem(dataDir, { ...places, token: 't', temporalCli, ...more });
  const env = { PATH: process.env['PATH'], NUBABEL_DATA_DIR: dataDir, TEMPORAL_API_KEY: 'mine', TEMPORAL_TLS: 'true' };
  const { stdout } = spawnSync(process.execPath, [COMMAND, 'workflow', 'list'], { env, encoding: 'utf8' });
  instance.release();
  return stdout;
}

it('npm run temporal takes no settings of other servers to one of our own', async () => {
  expect((await givenTo({ temporalConfigFile: '/data/temporal.toml' })).trim().split('\n')).toEqual([
    'workflow list --address b:1 --namespace default',
    'TEMPORAL_CODEC_AUTH=Bearer t',
    'TEMPORAL_CODEC_ENDPOINT=http://a/codec',
    'TEMPORAL_CONFIG_FILE=/data/temporal.toml',
  ]);
});

it('npm run temporal reaches a named server as the environment says', async () => {
  const given = await givenTo({});
  expect(given).toContain('TEMPORAL_API_KEY=mine');
  expect(given).not.toContain('TEMPORAL_CONFIG_FILE');
});
