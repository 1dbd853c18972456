/** An organization has as many connections as it may have, and none of them came free in time. */
export class ConnectionsBusyError extends Error {
  override readonly name = 'ConnectionsBusyError';
}

/** `connections` to share, `each` of one organization at once. */
type Limits = Readonly<Record<'connections' | 'each' | 'waitMs', number>>;

/**
 * Shares connections among organizations: whoever waits for its own locks waits in its own part of the pool. One that
 * comes free goes to whom has the fewest, and among those to whom had one longest ago.
 */
export class FairShare {
  readonly #limits: Limits;
  readonly #held = new Map<string, number>();
  readonly #queues = new Map<string, Set<() => void>>();
  #free: number;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#free = limits.connections;
  }

  /**
   * Waits for a connection that `organization` may use; answers how to give it back, once.
   * @throws ConnectionsBusyError when none came free in time.
   */
  take(organization: string): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const grant = () => {
        clearTimeout(timer);
        let given = false;
        resolve(() => {
          if (!given) this.#takeBack(organization);
          given = true;
        });
      };
      const timer = setTimeout(() => {
        this.#leave(organization, grant);
        reject(new ConnectionsBusyError('The organization already uses all of its connections.'));
      }, this.#limits.waitMs);
      this.#queues.set(organization, (this.#queues.get(organization) ?? new Set()).add(grant));
      this.#serve();
    });
  }

  #heldBy(organization: string): number {
    return this.#held.get(organization) ?? 0;
  }

  #serve(): void {
    for (let next = this.#next(); this.#free > 0 && next !== undefined; next = this.#next()) {
      const [first] = this.#queues.get(next) ?? [];
      if (!first) return;
      this.#leave(next, first);
      this.#free--;
      this.#held.set(next, this.#heldBy(next) + 1);
      first();
    }
  }

  #next(): string | undefined {
    let best: string | undefined;
    for (const organization of this.#queues.keys()) {
      const held = this.#heldBy(organization);
      if (held < this.#limits.each && (best === undefined || held < this.#heldBy(best))) best = organization;
    }
    return best;
  }

  #leave(organization: string, grant: () => void): void {
    const queue = this.#queues.get(organization);
    queue?.delete(grant);
    if (queue?.size === 0) this.#queues.delete(organization);
  }

  #takeBack(organization: string): void {
    this.#free++;
    this.#held.set(organization, this.#heldBy(organization) - 1);
    if (this.#heldBy(organization) === 0) this.#held.delete(organization);
    const queue = this.#queues.get(organization);
    // Behind the others that wait.
    this.#queues.delete(organization);
    if (queue) this.#queues.set(organization, queue);
    this.#serve();
  }
}
