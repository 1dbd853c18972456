import type { Language } from '../../contracts/agents.ts';
import type { Example } from './examples.ts';
import type { LocalDecision } from '../../domain/routing/router.ts';

/** An example and what the router decided. */
export interface Judgement {
  readonly example: Example;
  readonly decision: LocalDecision;
}

/** One band of confidence: what was said, and how often it was right. */
interface ReliabilityBand {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly confidence: number;
  readonly accuracy: number;
}

/** How good the decisions on a set of examples are. Shares are between 0 and 1. */
interface Scorecard {
  readonly count: number;
  /** Share of requests that the router answered. */
  readonly coverage: number;
  /** Of the answered: the most relevant agent is one that was asked for. */
  readonly accuracy: number;
  /** Of the answered: exactly the agents that were asked for. */
  readonly exact: number;
  /** Of all, abstained or not: the best guess is right. */
  readonly accuracyOfAll: number;
  /** Expected calibration error over all requests. */
  readonly ece: number;
  readonly reliability: ReliabilityBand[];
  /** For each agent asked for, how often each agent was chosen; `abstained` counts the rest. */
  readonly confusion: Record<string, Record<string, number>>;
}

export type Evaluation = Record<Language | 'all', Scorecard>;

const BANDS = 10;

/** Judges decisions by language and together. */
export const evaluate = (judgements: readonly Judgement[]): Evaluation => ({
  all: scorecard(judgements),
  en: scorecard(judgements.filter(({ example }) => example.language === 'en')),
  ko: scorecard(judgements.filter(({ example }) => example.language === 'ko')),
});

function scorecard(judgements: readonly Judgement[]): Scorecard {
  const answered = judgements.filter(({ decision }) => !decision.abstained);
  const reliability = reliabilityOf(judgements);
  const gap = reliability.reduce((sum, band) => sum + band.count * Math.abs(band.confidence - band.accuracy), 0);
  return {
    count: judgements.length,
    coverage: share(answered.length, judgements.length),
    accuracy: share(answered.filter(isRight).length, answered.length),
    exact: share(answered.filter(isExact).length, answered.length),
    accuracyOfAll: share(judgements.filter(isRight).length, judgements.length),
    ece: share(gap, judgements.length),
    reliability,
    confusion: confusionOf(judgements),
  };
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** The most relevant agent is one of those asked for. */
const isRight = ({ example, decision }: Judgement): boolean =>
  decision.agents.slice(0, 1).some(({ agent }) => example.agents.includes(agent));

const isExact = ({ example, decision }: Judgement): boolean =>
  decision.agents.length === example.agents.length &&
  decision.agents.every(({ agent }) => example.agents.includes(agent));

function reliabilityOf(judgements: readonly Judgement[]): ReliabilityBand[] {
  return Array.from({ length: BANDS }, (_, band) => {
    const inside = judgements.filter(
      ({ decision }) => Math.min(BANDS - 1, Math.floor(decision.confidence * BANDS)) === band,
    );
    const confidence = inside.reduce((sum, { decision }) => sum + decision.confidence, 0);
    return {
      from: band / BANDS,
      to: (band + 1) / BANDS,
      count: inside.length,
      confidence: share(confidence, inside.length),
      accuracy: share(inside.filter(isRight).length, inside.length),
    };
  });
}

function confusionOf(judgements: readonly Judgement[]): Scorecard['confusion'] {
  const table: Record<string, Record<string, number>> = {};
  for (const { example, decision } of judgements) {
    const asked = example.agents.join('+');
    const chosen: string = decision.abstained ? 'abstained' : (decision.agents[0]?.agent ?? 'abstained');
    const row = (table[asked] ??= {});
    row[chosen] = (row[chosen] ?? 0) + 1;
  }
  return table;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`.padStart(8);

/** An evaluation as a person reads it. */
export function evaluationText(title: string, evaluation: Evaluation): string {
  const head = `${'language'.padEnd(10)}${['count', 'coverage', 'accuracy', 'exact', 'of all', 'ECE'].map((name) => name.padStart(10)).join('')}`;
  const rows = (['en', 'ko', 'all'] as const).map((language) => row(language, evaluation[language]));
  return [
    `# ${title}`,
    '',
    head,
    ...rows,
    '',
    ...reliability(evaluation.all),
    '',
    ...confusion(evaluation.all),
    '',
  ].join('\n');
}

function row(language: string, { count, coverage, accuracy, exact, accuracyOfAll, ece }: Scorecard): string {
  const shares = [coverage, accuracy, exact, accuracyOfAll, ece].map((share) => percent(share).padStart(10));
  return `${language.padEnd(10)}${String(count).padStart(10)}${shares.join('')}`;
}

const reliability = (card: Scorecard): string[] => [
  'confidence      count      said     right',
  ...card.reliability
    .filter(({ count }) => count > 0)
    .map(({ from, to, count, confidence, accuracy }) =>
      [
        `${from.toFixed(1)}-${to.toFixed(1)}`.padEnd(12),
        String(count).padStart(8),
        percent(confidence).padStart(11),
        percent(accuracy).padStart(10),
      ].join(''),
    ),
];

function confusion({ confusion: table }: Scorecard): string[] {
  const chosen = [...new Set(Object.values(table).flatMap((cells) => Object.keys(cells)))].sort();
  const short = (name: string): string => name.slice(0, 9).padStart(10);
  return [
    `${'asked for'.padEnd(22)}${chosen.map(short).join('')}`,
    ...Object.entries(table).map(
      ([asked, cells]) =>
        `${asked.padEnd(22)}${chosen.map((name) => String(cells[name] ?? '·').padStart(10)).join('')}`,
    ),
  ];
}
