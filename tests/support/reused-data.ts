import type { Client } from '@temporalio/client';
import { withOrganization } from '../../db/organization.ts';
import { putWorkspace } from '../../db/queries/organizations.ts';
import { demoWorkspace } from '../../dev/fakes/slack/index.ts';
import { bootstrapDefaultOrganization, DEFAULT_ORGANIZATION_ID } from '../../domain/organizations/organizations.ts';
import type { TestDatabase } from './database.ts';

type Data = Pick<TestDatabase, 'db' | 'look'>;

/** Makes the tables as they are after a first start, and lets the processes run on them. */
export async function resetSharedData(
  { db, look }: Data,
  token: string,
  open: () => Promise<{ isNew: boolean }>,
): Promise<void> {
  const tables = await look<{ name: string }>(
    `select format('%I', tablename) as name from pg_tables where schemaname = 'public' and tablename not like 'kysely_%'`,
  );
  await look(`truncate ${tables.map(({ name }) => name).join(', ')} restart identity cascade`);
  const { isNew } = await open();
  // Processes that start now do the rest themselves.
  if (isNew) return;
  await bootstrapDefaultOrganization(db, token);
  const { teamId, name, botUserId } = demoWorkspace();
  await withOrganization(db, DEFAULT_ORGANIZATION_ID, (trx) =>
    putWorkspace(trx, {
      organization_id: DEFAULT_ORGANIZATION_ID,
      team_id: teamId,
      name,
      bot_user_id: botUserId,
    }),
  );
}

/** Workflows end, and are seen to have ended, a little after people see their last message. */
const GRACE_MS = 2_000;

/** Whether a file leaves something that would reach into the next one's time: work, or what processes remember. */
export async function hasWorkLeft(data: Pick<Data, 'look'>, temporal: Client): Promise<boolean> {
  for (const end = Date.now() + GRACE_MS; await isAtWork(data, temporal);) {
    if (Date.now() > end) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

async function isAtWork({ look }: Pick<Data, 'look'>, temporal: Client): Promise<boolean> {
  const [row] = await look<{ left: number }>(`
    select (select count(*)::int from orchestrations
        where status not in ('completed', 'partial', 'failed', 'cancelled', 'expired'))
      + (select count(*)::int from inbox where handed_over_at is null)
      + (select count(*)::int from routing_versions) as left`);
  const running = await temporal.workflow.count(`ExecutionStatus = 'Running'`);
  return (row?.left ?? 1) + running.count > 0;
}
