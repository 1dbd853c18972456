import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { OVERWRITES, defineTool, notRestored } from '../define.ts';
import { parseBefore, compareFields, differencesOf, leftAlone, restorable } from '../fields.ts';
import type { SalesforceClient } from './client.ts';
import { SalesforceRecord, FieldName, Fields, ObjectName, readRecord, RecordId } from './get-record.ts';

const Value = z.union([z.string().max(130_000), z.number(), z.boolean(), z.null()]);

const Input = z.strictObject({
  object: ObjectName,
  id: RecordId,
  fields: z
    .record(FieldName, Value)
    .refine((fields) => Object.keys(fields).length > 0 && Object.keys(fields).length <= 50, 'has 1 to 50 fields')
    .describe('New values by field name; null empties a field.'),
});

/** Salesforce keeps an empty text as none, cuts blanks at the ends, and writes times its own way. */
function plain(value: unknown): unknown {
  if (value === undefined || value === '') return null;
  if (typeof value !== 'string') return value;
  const text = value.trim();
  const isTime = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:?\d{2})$/.test(text);
  return isTime ? Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2')) : text;
}

const same = (a: unknown, b: unknown): boolean => isDeepStrictEqual(plain(a), plain(b));

/** The fields that a call sets, as they are now. */
const readSet = (client: SalesforceClient, { object, id, fields }: z.infer<typeof Input>, signal: AbortSignal) =>
  readRecord(client, { object, id, fields: Object.keys(fields) }, signal);

async function setFields(
  client: SalesforceClient,
  { object, id }: { readonly object: string; readonly id: string },
  fields: Fields,
  signal: AbortSignal,
): Promise<void> {
  await client.on(signal).update(object, { ...fields, Id: id });
}

export const updateRecord = defineTool<SalesforceClient>()({
  name: 'updateRecord',
  title: 'Change a Salesforce record',
  description: 'Sets the fields that are given on one record. What is not given stays as it is.',
  input: Input,
  output: SalesforceRecord,
  annotations: OVERWRITES,
  async run(client, args, { signal }) {
    const { object, id, fields } = args;
    await setFields(client, args, fields, signal);
    return { object, id, url: client.recordUrl(id), fields };
  },
  async before(client, args, { signal }) {
    return { fields: await readSet(client, args, signal) };
  },
  async readBack(client, { args, before }, { signal }) {
    const now = await readSet(client, args, signal);
    const was = Fields.safeParse(before?.['fields']).data;
    const verdict = compareFields({ now, wanted: args.fields, before: was }, same);
    const { object, id } = args;
    return verdict === 'happened'
      ? { happened: { object, id, url: client.recordUrl(id), fields: args.fields } }
      : verdict;
  },
  resource: ({ id, url }) => ({ id, url }),
  async undo(client, { args, before }, { signal }) {
    const was = parseBefore(Fields, before?.['fields']);
    const now = await readSet(client, args, signal);
    const { restore, left } = restorable({ now, wanted: args.fields, before: was }, same);
    const names = Object.keys(restore);
    if (names.length > 0) await setFields(client, args, restore, signal);
    // Rules and flows of the org may set fields by themselves.
    const differs = names.length > 0 ? differencesOf(await readSet(client, args, signal), was, names, same) : [];
    return `Put ${args.object} ${args.id} back as it was.${leftAlone(left)}${notRestored(differs)}`;
  },
});
