import { z } from 'zod';
import { defineTool, ProviderError, READS } from '../define.ts';
import type { SalesforceClient } from './client.ts';

const name = /^[A-Za-z][A-Za-z0-9_]{0,79}$/;

export const ObjectName = z
  .string()
  .regex(name, 'is the API name of an object, such as Account or Invoice__c')
  .describe('API name of the object, such as Account.');
export const FieldName = z.string().regex(name, 'is the API name of a field');
export const RecordId = z
  .string()
  .regex(/^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$/, 'is a record id of 15 or 18 characters')
  .describe('Id of the record.');

/** Fields by name; what a lookup holds is another record. */
export const Fields = z.record(z.string(), z.unknown());
export type Fields = z.infer<typeof Fields>;

/** The `attributes` that Salesforce adds to every record say only where it came from. */
export function withoutAttributes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAttributes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'attributes')
      .map(([key, inner]) => [key, withoutAttributes(inner)]),
  );
}

/** One record as it is now, whole or some of its fields. @throws ProviderError `refused` where there is none. */
export async function readRecord(
  client: SalesforceClient,
  { object, id, fields }: { readonly object: string; readonly id: string; readonly fields?: readonly string[] },
  signal: AbortSignal,
): Promise<Fields> {
  const record = await client.on(signal).retrieve(object, id, fields && { fields: [...fields] });
  const parsed = Fields.safeParse(withoutAttributes(record));
  if (parsed.success) return parsed.data;
  throw new ProviderError('unavailable', 'Salesforce answered something that is not a record.');
}

export const SalesforceRecord = z.object({ object: z.string(), id: z.string(), url: z.string(), fields: Fields });

export const getRecord = defineTool<SalesforceClient>()({
  name: 'getRecord',
  title: 'Read a Salesforce record',
  description: 'Reads one record by its object and id: all fields, or those that are named.',
  input: z.strictObject({
    object: ObjectName,
    id: RecordId,
    fields: z.array(FieldName).min(1).max(100).optional().describe('API names of the fields; all unless given.'),
  }),
  output: SalesforceRecord,
  annotations: READS,
  async run(client, args, { signal }) {
    const { object, id } = args;
    return { object, id, url: client.recordUrl(id), fields: await readRecord(client, args, signal) };
  },
});
