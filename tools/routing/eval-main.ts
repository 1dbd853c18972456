import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { evaluate, evaluationText } from './evaluate.ts';
import { parseExamples, readHeldOut, type Example } from './examples.ts';
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

async function fromFile(file: string): Promise<Record<string, Example[]>> {
  const content = await readFile(file, 'utf8').catch((error: Error) => fail([error.message]));
  const { examples, problems } = parseExamples(content);
  if (problems.length > 0) fail(problems.map((problem) => `${file}, ${problem}`));
  if (examples.length === 0) fail([`${file} has no examples`]);
  return { file: examples };
}

function fail(lines: string[]): never {
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exit(1);
}
