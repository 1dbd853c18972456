/** What is kept open under a key, and what it was opened with: when that changes, it is opened anew. */
interface PoolKey<T> {
  readonly key: string;
  readonly fingerprint: string;
  open(): Promise<T>;
}

interface IdlePool<T> {
  /** Opens it or takes the open one; whoever asks meanwhile gets the same. It stays open while somebody uses it. */
  use<R>(wanted: PoolKey<T>, work: (one: Promise<T>) => Promise<R>): Promise<R>;
  /** The open one, if there is one. */
  peek(key: string): Promise<T> | undefined;
  /** The next one who asks opens it anew; the last one who uses it closes it. */
  forget(key: string, only?: Promise<T>): void;
  close(): Promise<void>;
}

interface Entry<T> {
  readonly fingerprint: string;
  readonly opening: Promise<T>;
  users: number;
  over: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Keeps things open for as long as they are used, and a while longer. */
export function createIdlePool<T>(given: { readonly idleMs: number; close(one: T): Promise<void> }): IdlePool<T> {
  const entries = new Map<string, Entry<T>>();
  const end = async (entry: Entry<T>): Promise<void> => {
    clearTimeout(entry.timer);
    const one = await entry.opening.catch(() => undefined);
    if (one !== undefined) await given.close(one).catch(() => undefined);
  };
  const drop = (key: string, entry: Entry<T>): void => {
    if (entries.get(key) === entry) entries.delete(key);
    entry.over = true;
    if (entry.users === 0) void end(entry);
  };
  const acquire = ({ key, fingerprint, open }: PoolKey<T>): Entry<T> => {
    const known = entries.get(key);
    if (known?.fingerprint === fingerprint) return known;
    if (known) drop(key, known);
    const entry: Entry<T> = { fingerprint, opening: open(), users: 0, over: false, timer: undefined };
    entries.set(key, entry);
    entry.opening.catch(() => drop(key, entry));
    return entry;
  };
  return {
    async use(wanted, work) {
      const entry = acquire(wanted);
      clearTimeout(entry.timer);
      entry.users++;
      try {
        return await work(entry.opening);
      } finally {
        entry.users--;
        if (entry.over && entry.users === 0) void end(entry);
        else if (entry.users === 0) entry.timer = setTimeout(() => drop(wanted.key, entry), given.idleMs).unref();
      }
    },
    peek: (key) => entries.get(key)?.opening,
    forget(key, only) {
      const entry = entries.get(key);
      if (entry && (only === undefined || entry.opening === only)) drop(key, entry);
    },
    async close() {
      const all = [...entries.values()];
      entries.clear();
      await Promise.all(all.map(end));
    },
  };
}
