import type { ConnectionAuth } from '../../../../contracts/connections.ts';
import type { AuthState } from '../../../../domain/connections/grant-state.ts';
import type { GrantChange, GrantStore, OpenedGrant } from '../../../../domain/connections/grant-store.ts';

export interface MemoryStore extends GrantStore {
  held: OpenedGrant;
  /** What people were told, oldest first. */
  readonly reconnects: string[];
  /** States in the order they were stored. */
  readonly stored: AuthState[];
}

/** One connection's grant in memory, one change at a time. */
export function createMemoryStore(auth: ConnectionAuth, url: string | null, state: AuthState = {}): MemoryStore {
  let last: Promise<unknown> = Promise.resolve();
  const store: MemoryStore = {
    held: { name: 'Acme', url, auth, state },
    reconnects: [],
    stored: [],
    read: () => Promise.resolve(store.held),
    open: () => Promise.resolve(store.held),
    change: (on, decide) => store.renew(on, (grant) => Promise.resolve(decide(grant))) as Promise<OpenedGrant>,
    renew(_on, work) {
      const turn = last.then(async () => {
        const { state: changed, reconnect }: GrantChange = await work(store.held);
        if (changed) {
          store.held = { ...store.held, state: changed };
          store.stored.push(changed);
        }
        if (reconnect !== undefined) store.reconnects.push(reconnect);
        return store.held;
      });
      last = turn.catch(() => undefined);
      return turn;
    },
  };
  return store;
}
