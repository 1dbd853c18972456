const scalar = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

const isNested = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

const indent = (text: string): string => text.replaceAll('\n', '\n  ');

function entry(key: string, value: unknown): string {
  if (isNested(value)) return `${key}:\n  ${indent(toReadable(value))}`;
  const text = scalar(value);
  // Lines of a text stand further in than its key, so that none of them can pass for a field.
  return text.includes('\n') ? `${key}:\n  ${indent(text)}` : `${key}: ${text}`;
}

/** Data as lines that people and models read easily: `key: value`, lists with dashes, what is inside further in. */
export function toReadable(value: unknown): string {
  if (!isNested(value)) return indent(scalar(value));
  if (Array.isArray(value)) return value.map((item: unknown) => `- ${indent(toReadable(item))}`).join('\n');
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([key, field]) => entry(key, field))
    .join('\n');
}
