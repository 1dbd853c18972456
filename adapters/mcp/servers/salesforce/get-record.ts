import { z } from 'zod';
import { READS } from '../annotations.ts';
import { defineTool } from '../define.ts';
import type { SalesforceClient } from './client.ts';
import { FieldName, Fields, ObjectName, readRecord, RecordId } from './record.ts';

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
