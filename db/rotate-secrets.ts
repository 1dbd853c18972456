import { randomUUID } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import { withOrganization, type OrganizationTransaction } from './organization.ts';
import { insertAudit } from './queries/organizations.ts';
import { SealedError, sealedFor, type SealedFor, type Sealer } from './sealing.ts';
import type { Database } from './tables/index.ts';

/** `unopened`: no key opens them. They are left as they are, and named. */
interface RotationCounts {
  resealed: number;
  /** Sealed with the first key already. */
  current: number;
  unopened: string[];
}

/** One kind of sealed text: where its rows are and whose each is. */
interface Kind {
  readonly name: string;
  list(trx: OrganizationTransaction): Promise<string[]>;
  /** Locks the row and reads its text; null when it has none (any more). */
  lock(trx: OrganizationTransaction, id: string): Promise<string | null>;
  /** Compare-and-swap. Answers whether the text was still the one that was read. */
  swap(trx: OrganizationTransaction, id: string, change: { from: string; to: string }): Promise<boolean>;
  owner(organizationId: string, id: string): SealedFor;
}

const ofColumn = (
  table: 'connections' | 'model_keys',
  column: 'credentials' | 'auth_state' | 'sealed',
  owner: Kind['owner'],
): Kind => {
  const [from, text] = [sql.table(table), sql.ref<string | null>(column)];
  return {
    name: `${table}.${column}`,
    owner,
    list: async (trx) => {
      const { rows } = await sql<{ id: string }>`select id from ${from} where ${text} is not null order by id`.execute(
        trx,
      );
      return rows.map(({ id }) => id);
    },
    lock: async (trx, id) => {
      const { rows } = await sql<{ text: string | null }>`
        select ${text} as text from ${from} where id = ${id} for update`.execute(trx);
      return rows[0]?.text ?? null;
    },
    swap: async (trx, id, change) => {
      const { numAffectedRows } = await sql`
        update ${from} set ${text} = ${change.to} where id = ${id} and ${text} = ${change.from}`.execute(trx);
      return numAffectedRows === 1n;
    },
  };
};

/** Rows of `oauth_states` are known by the hash of the state; one that was used has no text left. */
const ofStates: Kind = {
  name: 'oauth_states.sealed',
  owner: (organizationId, id) => sealedFor.oauthState(organizationId, Buffer.from(id, 'hex')),
  list: async (trx) => {
    const rows = await trx.selectFrom('oauth_states').select('state_hash').where('sealed', '<>', '').execute();
    return rows.map(({ state_hash: hash }) => hash.toString('hex'));
  },
  lock: async (trx, id) => {
    const hash = Buffer.from(id, 'hex');
    const states = trx.selectFrom('oauth_states').select('sealed').where('state_hash', '=', hash).forUpdate();
    return (await states.executeTakeFirst())?.sealed || null;
  },
  swap: async (trx, id, { from, to }) => {
    const states = trx.updateTable('oauth_states').set({ sealed: to }).where('state_hash', '=', Buffer.from(id, 'hex'));
    return (await states.where('sealed', '=', from).executeTakeFirst()).numUpdatedRows === 1n;
  },
};

const KINDS: readonly Kind[] = [
  ofColumn('connections', 'credentials', sealedFor.credentials),
  ofColumn('connections', 'auth_state', sealedFor.authState),
  ofStates,
  ofColumn('model_keys', 'sealed', sealedFor.modelKey),
];

interface Rotating {
  readonly db: Kysely<Database>;
  /** Seals with the new key, opens with every key. */
  readonly sealer: Sealer;
  /** Id of the key that seals. */
  readonly keyId: string;
  /** Told after each organization. */
  readonly onOrganization?: (organizationId: string, counts: RotationCounts) => void;
}

/**
 * Seals everything anew that was sealed with another key: organization by organization, each row in a transaction of its
 * own, so that calls and refreshes go on meanwhile. Safe to interrupt and to repeat; nothing is ever deleted.
 */
export async function rotateSecrets({ db, sealer, keyId, onOrganization }: Rotating): Promise<RotationCounts> {
  const { rows } = await sql<{ id: string }>`select id from organizations_with_secrets() as found(id)`.execute(db);
  const total: RotationCounts = { resealed: 0, current: 0, unopened: [] };
  for (const { id: organizationId } of rows) {
    const counts: RotationCounts = { resealed: 0, current: 0, unopened: [] };
    for (const kind of KINDS) await rotateKind({ db, sealer, keyId, organizationId, counts }, kind);
    if (counts.resealed > 0 || counts.unopened.length > 0) await note(db, organizationId, { keyId, ...counts });
    onOrganization?.(organizationId, counts);
    total.resealed += counts.resealed;
    total.current += counts.current;
    total.unopened.push(...counts.unopened);
  }
  return total;
}

interface OneOrganization extends Pick<Rotating, 'db' | 'sealer' | 'keyId'> {
  readonly organizationId: string;
  readonly counts: RotationCounts;
}

async function rotateKind(one: OneOrganization, kind: Kind): Promise<void> {
  const { db, organizationId, counts } = one;
  for (const id of await withOrganization(db, organizationId, kind.list)) {
    const found = await withOrganization(db, organizationId, (trx) => rotateRow(trx, one, { kind, id }));
    if (found === 'unopened') counts.unopened.push(`${kind.name} ${id}`);
    else if (found !== 'gone') counts[found] += 1;
  }
}

async function rotateRow(
  trx: OrganizationTransaction,
  { sealer, keyId, organizationId }: OneOrganization,
  { kind, id }: { readonly kind: Kind; readonly id: string },
): Promise<'resealed' | 'current' | 'unopened' | 'gone'> {
  const sealed = await kind.lock(trx, id);
  if (sealed === null) return 'gone';
  const owner = kind.owner(organizationId, id);
  try {
    const secret = sealer.open(sealed, owner);
    if (sealed.split('.')[1] === keyId) return 'current';
    const isSwapped = await kind.swap(trx, id, { from: sealed, to: sealer.seal(secret, owner) });
    return isSwapped ? 'resealed' : 'gone';
  } catch (error) {
    if (!(error instanceof SealedError)) throw error;
    return 'unopened';
  }
}

const note = (db: Kysely<Database>, organizationId: string, details: RotationCounts & { keyId: string }) =>
  withOrganization(db, organizationId, (trx) =>
    insertAudit(trx, {
      organization_id: organizationId,
      id: randomUUID(),
      user_id: null,
      action: 'credentials.rotated',
      subject: organizationId,
      outcome: details.unopened.length > 0 ? 'rejected' : 'done',
      details: JSON.stringify(details),
    }),
  );
