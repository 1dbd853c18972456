import { sql, type Kysely } from 'kysely';

/**
 * Who may see work that is not their own: people who have asked in a conversation that somebody else began, and people who
 * have answered a question. So it is looked up and not gathered from all work there is. Triggers write it down, so that
 * processes of an earlier build do too.
 */
const TABLES: Readonly<Record<string, string>> = {
  session_guests: `create table session_guests (
    organization_id uuid not null,
    session_id uuid not null,
    user_id uuid not null,
    host_id uuid,
    primary key (organization_id, session_id, user_id),
    foreign key (organization_id, session_id) references sessions (organization_id, id) on delete cascade
  )`,
  approval_answers: `create table approval_answers (
    organization_id uuid not null,
    user_id uuid not null,
    orchestration_id uuid not null,
    primary key (organization_id, user_id, orchestration_id),
    foreign key (organization_id, orchestration_id) references orchestrations (organization_id, id) on delete cascade
  )`,
};

const READ = ['sessions', 'orchestrations', 'approvals'];
const UUID = `'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'`;

const FILL = [
  // The owner is no organization, and has to see all of them for once.
  ...READ.map((table) => `alter table ${table} no force row level security`),
  `insert into session_guests
    select distinct o.organization_id, o.session_id, o.user_id, s.user_id from orchestrations o
    join sessions s on s.organization_id = o.organization_id and s.id = o.session_id
    where o.user_id is not null and o.user_id is distinct from s.user_id`,
  `insert into approval_answers
    select distinct a.organization_id, w.who::uuid, a.orchestration_id from approvals a
    cross join lateral (
      select a.document->'decision'->>'by' as who
      union select jsonb_path_query(a.document, '$.approvals[*].by') #>> '{}') w
    where w.who ~ ${UUID}`,
  ...READ.map((table) => `alter table ${table} force row level security`),
];

const INDEXES = [
  `create index session_guests_of_user on session_guests (organization_id, user_id)`,
  `create index session_guests_of_host on session_guests (organization_id, host_id)`,
  `create index on approval_answers (organization_id, orchestration_id)`,
];

const TRIGGERS = [
  `create function note_guest() returns trigger language plpgsql as $$
    begin
      insert into session_guests
        select s.organization_id, s.id, new.user_id, s.user_id from sessions s
        where s.organization_id = new.organization_id and s.id = new.session_id and s.user_id is distinct from new.user_id
        on conflict do nothing;
      return null;
    end $$`,
  `create trigger note_guest after insert on orchestrations for each row
    when (new.user_id is not null) execute function note_guest()`,
  `create function note_answer() returns trigger language plpgsql as $$
    begin
      insert into approval_answers
        select new.organization_id, w.who::uuid, new.orchestration_id from (
          select new.document->'decision'->>'by' as who
          union select jsonb_path_query(new.document, '$.approvals[*].by') #>> '{}') w
        where w.who ~ ${UUID}
        on conflict do nothing;
      return null;
    end $$`,
  `create trigger note_answer after insert or update of document on approvals for each row
    execute function note_answer()`,
];

export async function up(db: Kysely<any>): Promise<void> {
  const rule = `organization_id = (select nubabel_organization())`;
  for (const statement of Object.values(TABLES)) await sql.raw(statement).execute(db);
  for (const statement of [...FILL, ...INDEXES, ...TRIGGERS]) await sql.raw(statement).execute(db);
  for (const table of Object.keys(TABLES)) {
    await sql.raw(`alter table ${table} enable row level security`).execute(db);
    await sql.raw(`alter table ${table} force row level security`).execute(db);
    await sql.raw(`create policy tenant on ${table} to nubabel_app using (${rule}) with check (${rule})`).execute(db);
    await sql.raw(`grant select, insert, update, delete on ${table} to nubabel_app`).execute(db);
  }
}

export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop trigger note_guest on orchestrations`.execute(db);
  await sql`drop trigger note_answer on approvals`.execute(db);
  await sql`drop function note_guest(), note_answer()`.execute(db);
  for (const table of Object.keys(TABLES).reverse()) await sql.raw(`drop table ${table}`).execute(db);
}
