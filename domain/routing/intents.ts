import { Intent } from '../../contracts/orchestration.ts';
import type { AgentId, Language } from '../../contracts/agents.ts';
import { bucketOf, featuresOf, type Features } from './features.ts';
import { signalsOf } from './intent-signals.ts';
import { largest, readWeights, scoresOf, sumsOfFeatures, type Weights } from './model.ts';
import { normalise } from './text.ts';

/** A trained reader of what kind of thing is wanted: one weight per bucket and intent. */
export interface IntentModel extends Weights {
  readonly labels: readonly Intent[];
  readonly weights: Int8Array;
  /** Below this confidence it abstains. */
  readonly answerAt: number;
  /** Hash of the examples it was trained from. */
  readonly examplesHash: string;
}

/** What kind of thing a request wants, with the probability that this is right. */
export interface IntentReading {
  readonly intent: Intent;
  readonly confidence: number;
  readonly abstained: boolean;
  /** The probability that something is to be deployed. */
  readonly deploys: number;
}

/** A request, its language, and the agent that it is for. */
interface IntentQuestion {
  readonly text: string;
  readonly language: Language;
  readonly agent: AgentId;
}

export type IntentReader = (question: IntentQuestion) => IntentReading;

/** Buckets that the features are folded into; ten intents need fewer than nine trades. */
export const INTENT_BUCKETS = 1 << 14;

/** Reads what `toModelJson` wrote. @throws a sentence that says what to do when it does not fit this code */
export function parseIntentModel(json: unknown): IntentModel {
  const { number: _, ...model } = readWeights(json, {
    whose: 'intent reader',
    labels: Intent.options,
    buckets: INTENT_BUCKETS,
  });
  return model;
}

const SIGNAL_VALUE = 2;
const WORD_VALUE = 0.5;

/** What the intent is read from: signals, and the words with less weight, since most of them name the matter. */
export function intentFeatures({ text, language, agent }: IntentQuestion): Features {
  const words = featuresOf(normalise(text));
  const signals = signalsOf(text, language, agent).map(bucketOf);
  return {
    buckets: [...words.buckets, ...signals],
    values: [...words.values.map((value) => value * WORD_VALUE), ...signals.map(() => SIGNAL_VALUE)],
  };
}

export function createIntentReader(model: IntentModel): IntentReader {
  const deploy = model.labels.indexOf('deploy');
  return (question) => {
    const scores = intentScores(question, model);
    const best = largest(scores);
    const confidence = scores[best] ?? 0;
    return {
      intent: model.labels[best] ?? 'other',
      confidence,
      abstained: confidence < model.answerAt,
      deploys: scores[deploy] ?? 0,
    };
  };
}

/** The probability of each intent. */
export const intentScores = (question: IntentQuestion, model: Weights): number[] =>
  scoresOf(sumsOfFeatures(intentFeatures(question), model), model);
