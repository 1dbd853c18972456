import { pause } from '../clock.ts';

/** How often Temporal was asked, by what for. */
export type TemporalRequests = Readonly<Record<string, number>>;

const LINE = /^service_requests\{([^}]*)\} (\d+)/;
const LABEL = /(\w+)="([^"]*)"/g;
/** They wait for work whether there is any or not. */
const POLLS = /^Poll(Workflow|Activity|Nexus)TaskQueue$/;
/** What is asked to look on: by us, and by the server's own housekeeping. */
const LOOKS = /^(Describe|Get|List|Count|Query|Shutdown|RecordWorker|PollWorkflowExecutionHistory)/;

/** The server tells its counts once a second. */
const TOLD_EVERY_MS = 1_200;

/** Reads the server's count of requests to its frontend, without polls and looks. */
export async function readTemporalRequests(metricsPort: number): Promise<TemporalRequests> {
  await pause(TOLD_EVERY_MS);
  const lines = (await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()).split('\n');
  const counts: Record<string, number> = {};
  for (const line of lines) {
    const [, labels = '', value] = LINE.exec(line) ?? [];
    const named = Object.fromEntries([...labels.matchAll(LABEL)].map(([, name = '', text = '']) => [name, text]));
    const operation = named['operation'] ?? '';
    if (named['service_name'] !== 'frontend' || POLLS.test(operation) || LOOKS.test(operation)) continue;
    counts[operation] = (counts[operation] ?? 0) + Number(value);
  }
  return counts;
}

/** What each of so many requests has asked between two readings. */
export const requestsBetween = (
  before: TemporalRequests,
  after: TemporalRequests,
  requests: number,
): TemporalRequests =>
  Object.fromEntries(
    Object.entries(after)
      .map(([operation, count]) => [operation, (count - (before[operation] ?? 0)) / requests] as const)
      .filter(([, count]) => count > 0),
  );
