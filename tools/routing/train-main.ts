import { writeFile } from 'node:fs/promises';
import { evaluate, evaluationText } from './evaluate.ts';
import { toModelJson } from '../../domain/routing/model.ts';
import { readTrainingData } from './examples.ts';
import { decide } from '../../domain/routing/router.ts';
import { trainWithCheck } from './train.ts';

const { model, unseen } = trainWithCheck(await readTrainingData());
await writeFile(new URL('../../domain/routing/model.json', import.meta.url), `${JSON.stringify(toModelJson(model))}\n`);
const judgements = unseen.map(({ example, evidence }) => ({ example, decision: decide(evidence, model) }));
process.stdout.write(evaluationText('Cross-validation on the training examples', evaluate(judgements)));
