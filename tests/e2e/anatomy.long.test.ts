import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dissect, type Anatomy } from '../support/anatomy/anatomy.ts';
import { KINDS } from '../support/anatomy/kinds.ts';
import { openSubject, type Subject } from '../support/anatomy/subject.ts';
import { askedByProcess, totalsOf, transactionLines } from '../support/anatomy/totals.ts';
import { eventually } from '../support/eventually.ts';

/** What a process asks of Postgres. */
type Asked = readonly [statements: number, transactions: number, roundTrips: number];

interface Kept {
  readonly api: Asked;
  readonly worker: Asked;
  /** Commits that tell events; several numbers where it depends on who is faster. */
  readonly told: number | readonly number[];
  readonly workflowTasks: number;
  readonly activities: Readonly<Record<string, number>>;
  readonly localActivities: Readonly<Record<string, number>>;
  readonly searchAttributeUpserts: number;
}

const ROUTED = { routeRequest: 1, finishOrchestration: 1 };
const CALLED = { prepareToolJob: 1, finishOrchestration: 1 };

/**
 * What one request of each kind asks of Postgres and Temporal today. Whoever needs more changes the number here, in the
 * commit that needs it, and says there why; whoever needs less takes the gain by lowering it.
 */
const KEPT: Readonly<Record<string, Kept>> = {
  'one-agent': {
    api: [5, 3, 4],
    worker: [29, 10, 28],
    told: 5,
    workflowTasks: 3,
    activities: { analyzeRequest: 1, runAgent: 1 },
    localActivities: ROUTED,
    searchAttributeUpserts: 1,
  },
  'one-agent-clear': {
    api: [5, 3, 4],
    worker: [19, 6, 17],
    told: 4,
    workflowTasks: 2,
    activities: { runAgent: 1 },
    localActivities: ROUTED,
    searchAttributeUpserts: 1,
  },
  'one-agent-again': {
    api: [5, 3, 4],
    worker: [19, 6, 18],
    told: 4,
    workflowTasks: 2,
    activities: { runAgent: 1 },
    localActivities: ROUTED,
    searchAttributeUpserts: 1,
  },
  'one-agent-named': {
    api: [5, 3, 4],
    worker: [19, 6, 17],
    told: 4,
    workflowTasks: 2,
    activities: { runAgent: 1 },
    localActivities: ROUTED,
    searchAttributeUpserts: 1,
  },
  'three-agents': {
    api: [5, 3, 4],
    worker: [51, 18, 48],
    // People read who is at work, the first of the list: it changes more often when the first does not begin first.
    told: [7, 9, 10],
    workflowTasks: 5,
    activities: { analyzeRequest: 1, runAgent: 3 },
    localActivities: ROUTED,
    searchAttributeUpserts: 1,
  },
  'slack-mention': {
    api: [8, 2, 7],
    worker: [48, 20, 53],
    told: 5,
    workflowTasks: 6,
    activities: { analyzeRequest: 1, reportToSlack: 3, runAgent: 1 },
    localActivities: ROUTED,
    searchAttributeUpserts: 1,
  },
  'slack-mention-clear': {
    api: [8, 2, 7],
    worker: [33, 13, 35],
    told: 4,
    workflowTasks: 4,
    activities: { reportToSlack: 2, runAgent: 1 },
    localActivities: ROUTED,
    // One of them is Temporal's own, of the patch.
    searchAttributeUpserts: 2,
  },
  'plan-approved': {
    api: [12, 7, 14],
    worker: [69, 17, 71],
    told: 9,
    workflowTasks: 6,
    activities: { analyzeRequest: 1, draftPlan: 1, recordDecision: 1, runAgent: 1 },
    localActivities: { ...ROUTED, adoptPlan: 1, judgeDecision: 1 },
    searchAttributeUpserts: 3,
  },
  'tool-read': {
    api: [8, 5, 9],
    worker: [23, 8, 29],
    told: 4,
    workflowTasks: 2,
    activities: { callTool: 1 },
    localActivities: CALLED,
    searchAttributeUpserts: 1,
  },
  'tool-change': {
    api: [8, 5, 9],
    worker: [31, 8, 37],
    told: 4,
    workflowTasks: 2,
    activities: { callTool: 1 },
    localActivities: CALLED,
    searchAttributeUpserts: 1,
  },
  'agent-tool': {
    api: [5, 3, 4],
    worker: [48, 14, 49],
    told: 7,
    workflowTasks: 4,
    activities: { runAgent: 2, callTool: 1 },
    localActivities: ROUTED,
    searchAttributeUpserts: 1,
  },
};

const HELP = `
This kind of request asks for something else than is kept in ${import.meta.filename.split('/').slice(-3).join('/')}.
Less: lower the number in the same commit, so that it stays. More: find a way without it, or raise the number in the same
commit and say in its message why every request of this kind has to pay for it. \`npm run bench -- --anatomy\` shows what a
change costs in time; docs/performance.md has the table. What was asked (process, part, round trips, statements):
`;

let subject: Subject;
let openedAt = 0;
beforeAll(async () => {
  subject = await openSubject();
  openedAt = subject.meter.mark();
}, 120_000);
afterAll(() => subject?.close());

const asked = (anatomy: Anatomy, process: 'api' | 'worker'): Asked => {
  const { statements, transactions, roundTrips } = askedByProcess(anatomy, process);
  return [statements, transactions, roundTrips];
};

function toKept(anatomy: Anatomy): Kept {
  const { told, workflowTasks, searchAttributeUpserts } = totalsOf(anatomy);
  const { activities, localActivities } = anatomy.history;
  const [api, worker] = [asked(anatomy, 'api'), asked(anatomy, 'worker')];
  return { api, worker, told, workflowTasks, activities, localActivities, searchAttributeUpserts };
}

/** Where several numbers are kept, the one that was seen if it is among them; each more that is told is a statement more. */
function keptFor(kind: string, { told }: Kept): Kept | undefined {
  const kept = KEPT[kind];
  if (!kept || !Array.isArray(kept.told)) return kept;
  const [least = 0] = kept.told;
  const seen = kept.told.find((one) => one === told) ?? least;
  const [statements, transactions, roundTrips] = kept.worker;
  return { ...kept, told: seen, worker: [statements + seen - least, transactions, roundTrips + seen - least] };
}

describe('a request asks no more of Postgres and Temporal than is known', () => {
  it.each(Object.entries(KINDS).map(([kind, { title }]) => [kind, title]))('%s: %s', async (kind) => {
    const anatomy = await dissect(subject, kind);
    const seen = toKept(anatomy);
    try {
      expect(seen).toEqual(keptFor(kind, seen));
    } catch (error) {
      const { message } = error as Error;
      throw new Error(`${message}\n${HELP}${transactionLines(anatomy).join('\n')}`, { cause: error });
    }
  });

  it('and every number is of a kind that there is', () => {
    expect(Object.keys(KEPT)).toEqual(Object.keys(KINDS));
  });
});

/** Rounds that look for what was left behind, over all organizations at once. */
const HOUSEKEEPING = [
  'api: select organizations_with_backlog()',
  'worker: select maintain_event_partitions()',
  'worker: select organizations_with_notices()',
  'worker: select organizations_with_open_envelopes()',
  'worker: select organizations_with_orphans()',
];

describe('who asks for nothing', () => {
  const askedSince = (mark: number) => subject.meter.since(mark);
  const outlines = (mark: number) =>
    askedSince(mark)
      .filter(({ about }) => about === 'background')
      .map(({ process, statements }) => `${process}: ${statements.join('; ')}`);

  it('costs a look of each process now and then, and nothing else', async () => {
    const mark = subject.meter.mark();
    await eventually(
      'three rounds of the relay',
      () => outlines(mark).filter((one) => one === HOUSEKEEPING[0]).length >= 3,
    );
    expect(askedSince(mark).filter(({ about }) => about !== 'background')).toEqual([]);
  });

  it('is told from requests by all that processes ask: nothing in between goes uncounted', () => {
    expect([...new Set(outlines(openedAt))].filter((one) => !HOUSEKEEPING.includes(one))).toEqual([]);
  });
});
