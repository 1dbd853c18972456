/** Watches what is done again and again, and says when no progress is made. */
export interface LoopBreaker {
  /**
   * Records an action by its signature; the name of the loop when it closes one. What is gone through once more after a
   * pause, at the same place as before, was recorded already.
   */
  record(signature: string, place?: string): 'same_call' | 'ping_pong' | undefined;
  reset(): void;
}

/** The same call so often, or two in turn so often, is no progress. */
const SAME = 3;
const TURNS = 3;

/** A breaker for one step. Pure: it only remembers signatures. */
export function createLoopBreaker(): LoopBreaker {
  const seen: string[] = [];
  const places = new Set<string>();
  return {
    record(signature, place) {
      if (place !== undefined && places.has(place)) return undefined;
      if (place !== undefined) places.add(place);
      seen.push(signature);
      if (seen.length >= SAME && seen.slice(-SAME).every((one) => one === signature)) return 'same_call';
      const last = seen.slice(-2 * TURNS);
      const [a, b] = last;
      const inTurn = last.length === 2 * TURNS && a !== b && last.every((one, i) => one === (i % 2 ? b : a));
      return inTurn ? 'ping_pong' : undefined;
    },
    reset: () => void seen.splice(0),
  };
}
