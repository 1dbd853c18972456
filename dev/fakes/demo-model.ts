import { parseArgs } from 'node:util';
import { createFakeModel, demoResponder } from './model/index.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4010' },
    host: { type: 'string', default: '127.0.0.1' },
    log: { type: 'string' },
    'latency-ms': { type: 'string' },
  },
});

const latencyMs = values['latency-ms'] === undefined ? undefined : Number(values['latency-ms']);
const model = await createFakeModel({
  port: Number(values.port),
  host: values.host,
  logPath: values.log,
  respond: demoResponder({ latencyMs }),
  control: true,
});
process.stdout.write(`Demo model on ${model.url}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void model.close());
