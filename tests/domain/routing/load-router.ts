import { readFile } from 'node:fs/promises';
import { type IntentModel, parseIntentModel } from '../../../domain/routing/intents.ts';
import { type RouterModel, parseModel } from '../../../domain/routing/model.ts';
import { type Router, createRouter } from '../../../domain/routing/router.ts';

const MODEL = new URL('../../../domain/routing/model.json', import.meta.url);
const INTENT_MODEL = new URL('../../../domain/routing/intent-model.json', import.meta.url);

/** model.json as it stands in the repository. */
export const readModelJson = async (): Promise<Record<string, unknown>> => JSON.parse(await readFile(MODEL, 'utf8'));

export const loadModel = async (): Promise<RouterModel> => parseModel(await readModelJson());

export const loadRouter = async (): Promise<Router> => createRouter(await loadModel());

/** intent-model.json as it stands in the repository. */
export const loadIntentModel = async (): Promise<IntentModel> =>
  parseIntentModel(JSON.parse(await readFile(INTENT_MODEL, 'utf8')));
