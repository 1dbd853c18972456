import { parseArgs } from 'node:util';
import { createFakeNotion } from './notion/index.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4030' },
    log: { type: 'string' },
    'kept-in': { type: 'string' },
  },
});

const notion = await createFakeNotion({
  port: Number(values.port),
  token: process.env['DEMO_NOTION_TOKEN'] ?? 'ntn_demo',
  keptIn: values['kept-in'],
  people: true,
  ...(values.log && { logPath: values.log }),
});
process.stdout.write(`Demo Notion on ${notion.url}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void notion.close());
