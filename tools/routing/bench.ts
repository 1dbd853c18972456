import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { parseModel } from '../../domain/routing/model.ts';
import { readHeldOut } from './examples.ts';
import { createRouter } from '../../domain/routing/router.ts';

/** Microseconds per request. */
interface RoutingTimes {
  readonly p50Us: number;
  readonly p99Us: number;
}

const ROUNDS = 40;
const LONG_CHARS = 2_000;

/** Times the router on held-out requests and on texts of 2,000 characters made from them. */
export async function measureRouting(): Promise<RoutingTimes> {
  const { route } = createRouter(
    parseModel(JSON.parse(await readFile(new URL('../../domain/routing/model.json', import.meta.url), 'utf8'))),
  );
  const short = (await readHeldOut()).single.map(({ text }) => text);
  const long = short.map((_, index) => short.slice(index).concat(short).join(' ').slice(0, LONG_CHARS));
  const texts = [...short, ...long];
  for (const text of texts) route(text);
  const timesUs: number[] = [];
  for (let round = 0; round < ROUNDS; round++)
    for (const text of texts) {
      const start = performance.now();
      route(text);
      timesUs.push((performance.now() - start) * 1_000);
    }
  timesUs.sort((a, b) => a - b);
  const at = (share: number): number => timesUs[Math.floor(timesUs.length * share)] ?? 0;
  return { p50Us: at(0.5), p99Us: at(0.99) };
}
