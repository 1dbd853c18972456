/** Whether JSON of a stranger is nested deeper than that; deep enough, it would exhaust the stack of who walks it. */
export function isDeeperThan(maxDepth: number, value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return false;
}
