import type { Anatomy } from '../../support/anatomy/anatomy.ts';
import { KINDS } from '../../support/anatomy/kinds.ts';
import { askedByProcess, phasesOf, totalsOf, transactionLines } from '../../support/anatomy/totals.ts';
import { sum } from '../statistics.ts';
import type { Cost } from './cost.ts';
import type { Idle } from './idle.ts';

export interface Dissected {
  readonly anatomy: Anatomy;
  readonly cost: Cost;
}

const CPU_HEAD = ['Temporal', 'worker', 'API', 'Postgres', 'all'];
const HEAD = [
  'kind of request',
  'statements',
  'transactions',
  'round trips',
  'tell events',
  'wake-ups',
  'workflow tasks',
  'activities',
  'local',
  'upserts',
  'events',
  'Temporal requests',
  'p50 ms',
  ...CPU_HEAD.map((name) => `CPU ms ${name}`),
];

/** One line for each kind of request, then each kind's parts and transactions. */
export function printAnatomy(all: readonly Dissected[], idle: Idle): string {
  return [
    ...table([HEAD, ...all.map(rowOf)]),
    '',
    ...idleLines(idle),
    '',
    ...all.flatMap((one) => [...detailsOf(one), '']),
  ].join('\n');
}

function rowOf({ anatomy, cost }: Dissected): string[] {
  const totals = totalsOf(anatomy);
  const [api, worker] = [askedByProcess(anatomy, 'api'), askedByProcess(anatomy, 'worker')];
  const split = (key: keyof typeof api) => `${totals[key]} (${api[key]} + ${worker[key]})`;
  const { temporal, worker: workerMs, api: apiMs, postgres } = cost.cpu;
  const cpu = [temporal, workerMs, apiMs, postgres, temporal + workerMs + apiMs + postgres];
  return [
    anatomy.kind,
    split('statements'),
    split('transactions'),
    split('roundTrips'),
    String(totals.told),
    String(anatomy.wakeUps),
    String(totals.workflowTasks),
    String(totals.activities),
    String(totals.localActivities),
    String(totals.searchAttributeUpserts),
    String(totals.historyEvents),
    sum(Object.values(cost.temporal)).toFixed(1),
    cost.latencyMs.toFixed(0),
    ...cpu.map((ms) => ms.toFixed(1)),
  ];
}

function idleLines({ seconds, cpuPerMinute, perMinute }: Idle): string[] {
  const { temporal, worker, api, postgres } = cpuPerMinute;
  const ms = [temporal, worker, api, postgres].map((value) => value.toFixed(0)).join(', ');
  return [
    `idle, looked at for ${seconds} s: CPU ms a minute of Temporal, worker, API, Postgres: ${ms}; asked a minute:`,
    ...Object.entries(perMinute).map(([what, count]) => `  ${count.toFixed(0).padStart(4)}  ${what}`),
  ];
}

function detailsOf({ anatomy, cost }: Dissected): string[] {
  const { kind, history, modelCalls, slackCalls } = anatomy;
  const named = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => (count > 1 ? `${count} × ${name}` : name))
      .join(', ') || 'none';
  const phases = phasesOf(anatomy).map(({ phase, transactions, statements, roundTrips }) => [
    phase,
    String(transactions),
    String(statements),
    String(roundTrips),
  ]);
  return [
    `${kind}: ${KINDS[kind]?.title ?? ''}`,
    `  activities: ${named(history.activities)}; local: ${named(history.localActivities)}`,
    `  requests to Temporal beside polls: ${requestsOf(cost)}`,
    `  timers ${history.timers}, messages ${history.messages}, model calls ${modelCalls}, Slack calls ${slackCalls}`,
    ...table([['part', 'transactions', 'statements', 'round trips'], ...phases]).map((line) => `  ${line}`),
    '  process, part, round trips and statements of each transaction:',
    ...transactionLines(anatomy).map((line) => `    ${line}`),
  ];
}

const requestsOf = ({ temporal }: Cost): string =>
  Object.entries(temporal)
    .map(([operation, count]) => `${count.toFixed(1)} ${operation}`)
    .join(', ');

function table(lines: readonly (readonly string[])[]): string[] {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
