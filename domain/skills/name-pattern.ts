/** Whether an allow-list lets a skill pass: by its name, by `prefix-*`, or by `*`. */
export const matchesName = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name));
