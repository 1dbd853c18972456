import { createAdapter } from '../../../domain/routing/adapt.ts';
import { readHeldOut, readTrainingData } from '../../../tools/routing/examples.ts';
import { createRouter } from '../../../domain/routing/router.ts';
import { loadModel } from './load-router.ts';
import { cpuMs } from '../../support/cpu-clock.ts';

/** Prints what 500 overrides cost, as JSON. A program of its own: in jest's sandbox `Math` alone is several times slower. */
const TIMES = 9;

/** The fastest of several times: the others tell what the cache of a busy machine had lost. */
const timeMs = (work: () => unknown): number =>
  Math.min(
    ...Array.from({ length: TIMES }, () => {
      const start = cpuMs();
      work();
      return cpuMs() - start;
    }),
  );

const model = await loadModel();
const adapt = createAdapter(model, createRouter(model));
const examples = (await readTrainingData()).examples.filter((_, index) => index % 5 === 0).slice(0, 500);
const overrides = examples.map(({ text, agents }, index) => ({ id: `o${index}`, text, agents }));
const router = adapt(overrides);
const { single } = await readHeldOut();
const routeMs = single.map(({ text }) => timeMs(() => router.route(text))).sort((a, b) => a - b);
process.stdout.write(
  JSON.stringify({
    overrides: overrides.length,
    learnMs: timeMs(() => adapt(overrides)),
    routeP99Ms: routeMs[Math.floor(routeMs.length * 0.99)],
  }),
);
