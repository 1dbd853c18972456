import { spawnSync } from 'node:child_process';
import { loadSettings } from '../config.ts';
import { childEnv, PROXIES } from '../dev/child-env.ts';
import { loadEnvFile } from '../dev/env-file.ts';
import { dataDirOf } from '../dev/paths.ts';
import { readRunningSystem } from '../dev/running.ts';

/** `npm run temporal -- workflow list`: Temporal's own command line, on the running system. */
loadEnvFile();
const running = readRunningSystem(dataDirOf(loadSettings()));
if (!running?.temporalCli) {
  process.stderr.write(
    'Nubabel does not run here with a Temporal of its own. Start it with npm start, or use your own temporal.\n',
  );
  process.exit(2);
}
const address = ['--address', running.temporalAddress, '--namespace', running.temporalNamespace];
// Not as flags: the token would stand in the list of processes.
const codec = {
  TEMPORAL_CODEC_ENDPOINT: `${running.apiUrl}/codec`,
  TEMPORAL_CODEC_AUTH: `Bearer ${running.token}`,
};
// A person's own key, TLS or profile is not for a server of ours, which would not even be reached with them.
const env = running.temporalConfigFile
  ? { ...childEnv(process.env), TEMPORAL_CONFIG_FILE: running.temporalConfigFile }
  : childEnv(process.env, /^TEMPORAL_/, PROXIES);
const { status } = spawnSync(running.temporalCli, [...process.argv.slice(2), ...address], {
  stdio: 'inherit',
  env: { ...env, ...codec },
});
process.exit(status ?? 1);
