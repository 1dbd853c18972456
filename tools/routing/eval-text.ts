import type { Evaluation, Scorecard } from './eval.ts';

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
