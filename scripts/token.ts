import { randomBytes, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { DEFAULT_ORGANIZATION_ID, hashToken } from '../domain/organizations/organizations.ts';
import { ConfigurationError, loadConfig, loadSettings } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { type OrganizationTransaction, withOrganization } from '../db/organization.ts';
import {
  findOrganization,
  findUsers,
  putOrganization,
  putToken,
  putUser,
  type User,
} from '../db/queries/organizations.ts';
import { loadEnvFile } from '../dev/env-file.ts';
import { dataDirOf } from '../dev/paths.ts';
import { readRunningSystem } from '../dev/running.ts';

const USAGE = `Makes an API token: of a new user, or one more of a user that is there.
  npm run token -- --user Ada [--role admin|user|guest] [--organization <id> | --new-organization <name>]
  npm run token -- --user-id <id, or Slack's id of the person> [--organization <id>]`;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type Wanted =
  | { readonly userId: string; readonly organizationId: string }
  | { readonly name: string; readonly role: User['role']; readonly organizationId: string; readonly newName?: string };

/** For operators: organizations, users and their tokens from the terminal. The token is shown once. */
async function main(args: string[]): Promise<void> {
  const wanted = readArguments(args);
  loadEnvFile();
  const running = readRunningSystem(dataDirOf(loadSettings()));
  const database = openDatabase(running?.databaseUrl ?? loadConfig().DATABASE_URL, 1);
  const { organizationId } = wanted;
  const token = `nub_${randomBytes(24).toString('base64url')}`;
  try {
    const user = await withOrganization(database.db, organizationId, async (trx) => {
      const found = 'userId' in wanted ? await findOne(trx, wanted) : await makeUser(trx, wanted);
      const made = { user_id: found.id, token_hash: hashToken(token), name: 'made in the terminal' };
      await putToken(trx, { organization_id: organizationId, ...made });
      return found;
    });
    process.stdout.write(`${JSON.stringify({ organizationId, userId: user.id, role: user.role, token })}\n`);
  } finally {
    await database.close();
  }
}

/** @throws ConfigurationError with the usage when they do not fit together. */
function readArguments(args: string[]): Wanted {
  const { user, role, organization, 'user-id': userId, 'new-organization': newName } = parse(args);
  const organizationId = organization ?? (newName ? randomUUID() : DEFAULT_ORGANIZATION_ID);
  if (!UUID.test(organizationId)) throw wrong(`${organizationId} is no id of an organization.`);
  if (organization !== undefined && newName !== undefined)
    throw wrong('--organization and --new-organization do not go together.');
  if (userId !== undefined) {
    const others = Object.entries({ '--user': user, '--role': role, '--new-organization': newName });
    const [other] = others.find(([, value]) => value !== undefined) ?? [];
    if (other) throw wrong(`${other} is for a new user, and --user-id names one that is there.`);
    return { userId, organizationId };
  }
  if (!user?.trim()) throw new ConfigurationError(USAGE);
  if (role !== undefined && !isRole(role)) throw wrong(`${role} is no role.`);
  return { name: user, role: role ?? 'user', organizationId, ...(newName && { newName }) };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  const options = { user: text, 'user-id': text, role: text, organization: text, 'new-organization': text };
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw wrong(error instanceof Error ? `${error.message.split('. ')[0] ?? ''}.`.replace('..', '.') : String(error));
  }
}

const wrong = (problem: string) => new ConfigurationError(`${problem}\n${USAGE}`);

async function findOne(
  trx: OrganizationTransaction,
  { userId, organizationId }: { userId: string; organizationId: string },
): Promise<User> {
  const [user, other] = await findUsers(trx, UUID.test(userId) ? { id: userId } : { slackUserId: userId });
  if (!user)
    throw new ConfigurationError(
      `There is no user ${userId} in the organization ${organizationId}. No token was made.`,
    );
  if (other)
    throw new ConfigurationError(
      `Slack's id ${userId} is of several users here: name one as ${user.id} or ${other.id}. No token was made.`,
    );
  return user;
}

async function makeUser(
  trx: OrganizationTransaction,
  { name, role, organizationId, newName }: Exclude<Wanted, { readonly userId: string }>,
): Promise<Pick<User, 'id' | 'role'>> {
  if (newName) await putOrganization(trx, { id: organizationId, name: newName });
  else if (!(await findOrganization(trx, organizationId)))
    throw new ConfigurationError(`There is no organization ${organizationId}. No user and no token was made.`);
  const id = randomUUID();
  await putUser(trx, { organization_id: organizationId, id, name, role });
  return { id, role };
}

const isRole = (text: string): text is User['role'] => ['admin', 'user', 'guest'].includes(text);

const given = process.argv.slice(2);
if (given.includes('--help') || given.includes('-h')) process.stdout.write(`${USAGE}\n`);
else
  await main(given).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  });
