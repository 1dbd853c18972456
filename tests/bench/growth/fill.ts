import { Client } from 'pg';
import type { TestDatabase } from '../../support/database.ts';
import { hashToken } from '../../../domain/organizations/organizations.ts';
import { DAYS, idOf, jobs, kept, PEOPLE, work } from './work-sql.ts';

/** Requests that one transaction writes. */
const BATCH = 50_000;
/** As many as its router learns. */
const OVERRIDES = 500;

interface Fill {
  /** The organization that has done the work; it is there already. */
  readonly organizationId: string;
  readonly requests: number;
  /** Others that have hardly begun. */
  readonly otherOrganizations: number;
}

/** A person of the filled organization who is no admin and has asked for their share of the work. */
export const FILLED_TOKEN = 'bench-person-of-the-filled-organization';

/** Fills a database with what years leave behind. Answers how large it is then. */
export async function fill(database: TestDatabase, { organizationId, requests, otherOrganizations }: Fill) {
  const client = new Client({ connectionString: database.adminUrl });
  await client.connect();
  const inOne = (statements: readonly string[]) => client.query(['begin', ...statements, 'commit'].join(';\n'));
  try {
    // What is written fits together by itself, and whatever happens to it in a crash is no loss.
    await client.query('set session_replication_role = replica; set synchronous_commit = off');
    await inOne([...people(organizationId), ...others(otherOrganizations)]);
    for (let from = 0; from < requests; from += BATCH) {
      const part = { from, to: Math.min(from + BATCH, requests), total: requests };
      await inOne([jobs(organizationId, part), ...work(organizationId)]);
    }
    await inOne([...kept(organizationId), ...overrides(organizationId)]);
    await client.query('vacuum (analyze)');
    await client.query('checkpoint');
    const { rows } = await client.query<{ mb: number }>(
      'select pg_database_size(current_database())::float8 / 1024 / 1024 as mb',
    );
    return { databaseMb: rows[0]?.mb ?? Number.NaN };
  } finally {
    await client.end();
  }
}

/** The id of something that was filled in. */
export async function findId(database: TestDatabase, organization: string, kind: 'job' | 'session' | 'connection') {
  const [row] = await database.look<{ id: string }>(`select ${idOf(organization, kind, '1')} as id`);
  if (!row) throw new Error(`There is no ${kind}.`);
  return row.id;
}

const people = (organization: string): string[] => [
  `insert into users (organization_id, id, name, role, slack_team_id, slack_user_id, slack_checked_at)
    select '${organization}', ${idOf(organization, 'person', 'n')}, 'Person ' || n, 'user', 'TBENCH', 'U' || n,
      now() + interval '1 day' from generate_series(0, ${PEOPLE - 1}) as n`,
  `insert into api_tokens (organization_id, token_hash, user_id, name)
    values ('${organization}', '\\x${hashToken(FILLED_TOKEN).toString('hex')}', ${idOf(organization, 'person', '0')}, 'bench')`,
  // Slack is not asked: the fake knows nobody of this workspace.
  `insert into slack_memberships (organization_id, user_id, channels, seen_at)
    select '${organization}', ${idOf(organization, 'person', 'n')}, array(select 'C' || c from generate_series(n, n + 29) as c),
      now() + interval '1 day' from generate_series(0, ${PEOPLE - 1}) as n`,
  // Switched off: with tools a request would take another way than in the empty house.
  `insert into connections (organization_id, id, provider, slug, name, kind, auth_kind, enabled, health)
    select '${organization}', ${idOf(organization, 'connection', 'n')}, 'notion', 'notion-' || n, 'Notion ' || n,
      'first_party', 'api_key', false, 'healthy' from generate_series(0, 2) as n`,
  `insert into budget_windows (organization_id, scope, user_id, period, starts_on, spent_nanos, limit_nanos)
    select '${organization}', 'user', ${idOf(organization, 'person', 'n')}, 'day', current_date - d, 1000000000, 1000000000000
    from generate_series(0, ${PEOPLE - 1}) as n, generate_series(1, ${DAYS}) as d`,
];

const others = (count: number): string[] => {
  const ids = `generate_series(1, ${count}) as n cross join lateral (select md5('organization ' || n)::uuid as org) o`;
  return [
    `insert into organizations (id, name) select org, 'Organization ' || n from ${ids}`,
    `insert into users (organization_id, id, name, role) select org, org, 'Ada', 'admin' from ${ids}`,
    `insert into api_tokens (organization_id, token_hash, user_id, name)
      select org, sha256(org::text::bytea), org, 'token' from ${ids}`,
    `insert into sessions (organization_id, id, user_id, source, title) select org, org, org, 'rest', 'First' from ${ids}`,
    `insert into orchestrations (organization_id, id, session_id, user_id, source, message, language, status, finished_at)
      select org, gen_random_uuid(), org, org, 'rest', 'Say hello', 'en', 'completed', now()
      from ${ids}, generate_series(1, 3)`,
    `insert into budget_windows (organization_id, scope, user_id, period, starts_on, limit_nanos)
      select org, 'user', org, 'day', current_date, 1000000000000 from ${ids}`,
    `insert into event_counters (organization_id, last_id) select org, 0 from ${ids}`,
  ];
};

const overrides = (organization: string): string[] => [
  `insert into routing_overrides (organization_id, id, text, text_hash, language, agents, orchestration_id, created_at)
    select '${organization}', gen_random_uuid(), 'Water plant ' || n || ' ' || md5(n::text), md5('words ' || n),
      case when n % 10 = 0 then 'ko' else 'en' end, '["ops"]', ${idOf(organization, 'job', 'n')}, now()
    from generate_series(1, ${OVERRIDES}) as n`,
  `insert into routing_versions (organization_id, version) values ('${organization}', ${OVERRIDES})`,
];
