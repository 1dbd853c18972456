import { randomBytes, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { DEFAULT_ORGANIZATION_ID, hashToken } from '../domain/organizations/organizations.ts';
import { ConfigurationError, loadConfig, loadSettings } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { withOrganization } from '../db/organization.ts';
import { putOrganization, putToken, putUser } from '../db/queries/organizations.ts';
import { readRunningSystem } from '../dev/running.ts';

const USAGE = `Makes a user with an API token, in a new organization unless one is named.
  npm run token -- --user Ada [--role admin|user|guest] [--organization <id> | --new-organization <name>]`;

/** For operators: organizations, users and their tokens from the terminal. The token is shown once. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      user: { type: 'string' },
      role: { type: 'string', default: 'user' },
      organization: { type: 'string', default: DEFAULT_ORGANIZATION_ID },
      'new-organization': { type: 'string' },
    },
  });
  const { user, role } = values;
  if (!user || !isRole(role)) throw new ConfigurationError(USAGE);
  const running = readRunningSystem(loadSettings().NUBABEL_DATA_DIR);
  const database = openDatabase(running?.databaseUrl ?? loadConfig().DATABASE_URL, 1);
  const name = values['new-organization'];
  const organizationId = name ? randomUUID() : values.organization;
  const token = `nub_${randomBytes(24).toString('base64url')}`;
  const userId = randomUUID();
  try {
    await withOrganization(database.db, organizationId, async (trx) => {
      if (name) await putOrganization(trx, { id: organizationId, name });
      await putUser(trx, { organization_id: organizationId, id: userId, name: user, role });
      await putToken(trx, {
        organization_id: organizationId,
        token_hash: hashToken(token),
        user_id: userId,
        name: 'made in the terminal',
      });
    });
  } finally {
    await database.close();
  }
  process.stdout.write(`${JSON.stringify({ organizationId, userId, role, token })}\n`);
}

const isRole = (text: string): text is 'admin' | 'user' | 'guest' => ['admin', 'user', 'guest'].includes(text);

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
});
