import { writeFile } from 'node:fs/promises';
import { evaluate, evaluationText } from './evaluate.ts';
import { toModelJson } from '../../domain/routing/model.ts';
import { readTrainingData } from './examples.ts';
import { decide } from '../../domain/routing/router.ts';
import { trainWithCheck } from './train.ts';
import { intentCheckText, readIntentData, trainIntents } from './train-intents.ts';

const write = (name: string, json: unknown) =>
  writeFile(new URL(`../../domain/routing/${name}`, import.meta.url), `${JSON.stringify(json)}\n`);

const intents = trainIntents(await readIntentData());
await write('intent-model.json', toModelJson(intents.model));
process.stdout.write(`${intentCheckText(intents)}\n`);
if (!process.argv.includes('--intents-only')) {
  const { model, unseen } = trainWithCheck(await readTrainingData());
  await write('model.json', toModelJson(model));
  const judgements = unseen.map(({ example, evidence }) => ({ example, decision: decide(evidence, model) }));
  process.stdout.write(evaluationText('Cross-validation on the training examples', evaluate(judgements)));
}
