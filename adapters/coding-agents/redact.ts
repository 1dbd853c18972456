/** Shorter values would cut pieces out of ordinary words. */
const SHORTEST = 6;
/** A line of a longer secret, such as a key file, that gives it away by itself. */
const MIN_LINE = 16;

export type Redact = (text: string) => string;

/**
 * Cuts the values of these variables out of a text, also as they stand inside of JSON and, of values with several
 * lines, line by line.
 */
export function createRedaction(secrets: Readonly<Record<string, string>>): Redact {
  const found = Object.entries(secrets).flatMap(([name, value]) =>
    formsOf(value).map((form) => ({ form, mark: `[${name}]` })),
  );
  // Longest first: a value that contains another one would leave its rest behind.
  const ordered = found.sort((a, b) => b.form.length - a.form.length);
  return (text) => ordered.reduce((clean, { form, mark }) => clean.replaceAll(form, mark), text);
}

function formsOf(value: string): string[] {
  const trimmed = value.trim();
  const lines = trimmed.split(/\r?\n/);
  const whole = trimmed.length >= SHORTEST ? [trimmed] : [];
  const parts = lines.length > 1 ? lines.filter((line) => line.length >= MIN_LINE) : [];
  const plain = [...whole, ...parts];
  return [...new Set(plain.flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]))];
}
