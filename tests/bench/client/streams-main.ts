import { Agent, get } from 'node:http';
import { listen, sendJson } from '../../../dev/fakes/http-server.ts';
import { nowMs } from '../clock.ts';

/**
 * Many event streams in a process of their own: `node streams-main.ts <port> <events url> <token> <streams>`.
 * `GET /` answers how old every event was when it arrived, ms, and forgets it.
 */
const [port, url = '', token, streams] = process.argv.slice(2);
const AT = /"at":"([^"]+)"/g;
let ages: number[] = [];

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

const open = (): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        const now = nowMs();
        for (const [, at = ''] of chunk.matchAll(AT)) ages.push(now - Date.parse(at));
        if (chunk.includes('event: connected')) resolve();
      });
      answer.on('error', () => undefined);
    });
    request.on('error', reject);
  });

for (let opened = 0; opened < Number(streams); opened += 50)
  await Promise.all(Array.from({ length: Math.min(50, Number(streams) - opened) }, open));
await listen((_req, res) => {
  sendJson(res, 200, ages);
  ages = [];
  return Promise.resolve();
}, Number(port));
for (const signal of ['SIGTERM', 'disconnect'] as const) process.once(signal, () => process.exit());
process.send?.({ type: 'ready' });
