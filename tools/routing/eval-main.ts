import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Language } from '../../contracts/agents.ts';
import { evaluate, evaluationText } from './evaluate.ts';
import { evaluateUnderstanding, readHeldOutReadings, understandingText } from './evaluate-understanding.ts';
import { parseExamples, readHeldOut, type Example } from './examples.ts';
import { openLocalRouter } from '../../domain/routing/local-router.ts';
import { parseModel } from '../../domain/routing/model.ts';
import { createRouter } from '../../domain/routing/router.ts';

const { values } = parseArgs({ options: { file: { type: 'string' }, json: { type: 'boolean', default: false } } });

const router = createRouter(
  parseModel(JSON.parse(await readFile(new URL('../../domain/routing/model.json', import.meta.url), 'utf8'))),
);
const sets = values.file === undefined ? await readHeldOut() : await fromFile(values.file);
const evaluations = Object.entries(sets).map(([name, examples]) => {
  const judgements = examples.map((example) => ({ example, decision: router.route(example.text) }));
  return { name, evaluation: evaluate(judgements) };
});

if (values.json)
  process.stdout.write(
    `${JSON.stringify(Object.fromEntries(evaluations.map(({ name, evaluation }) => [name, evaluation])))}\n`,
  );
else for (const { name, evaluation } of evaluations) process.stdout.write(`${evaluationText(name, evaluation)}\n`);
if (values.file === undefined && !values.json) await writeUnderstanding();

/** How many requests need no analysis call, and how right what is said without one is. */
async function writeUnderstanding(): Promise<void> {
  const opened = await openLocalRouter();
  const { plain, others } = await readHeldOutReadings();
  const all = [...plain, ...others];
  const sets = { plain, others, all, en: all.filter(isIn('en')), ko: all.filter(isIn('ko')) };
  for (const [name, requests] of Object.entries(sets)) {
    const score = evaluateUnderstanding(opened, requests);
    process.stdout.write(`${understandingText(`understood without a model, ${name}`, score)}\n`);
  }
}

async function fromFile(file: string): Promise<Record<string, Example[]>> {
  const content = await readFile(file, 'utf8').catch((error: Error) => fail([error.message]));
  const { examples, problems } = parseExamples(content);
  if (problems.length > 0) fail(problems.map((problem) => `${file}, ${problem}`));
  if (examples.length === 0) fail([`${file} has no examples`]);
  return { file: examples };
}

function isIn(language: Language) {
  return (one: { readonly language: Language }): boolean => one.language === language;
}

function fail(lines: string[]): never {
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exit(1);
}
