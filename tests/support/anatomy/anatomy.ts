import type { Responder } from '../../../dev/fakes/model/index.ts';
import { KINDS, type RequestKind } from './kinds.ts';
import type { Transaction } from './statement-meter.ts';
import type { Subject } from './subject.ts';
import { countHistory, spansOf, type HistoryCounts, type HistorySpan } from './workflow-history.ts';

/** A transaction and the part of the work that it belongs to: the door, or an activity of the workflow. */
export interface PlacedTransaction extends Transaction {
  readonly phase: string;
}

/** What one request has asked of everybody. */
export interface Anatomy {
  readonly kind: string;
  readonly transactions: readonly PlacedTransaction[];
  /** How often those who follow events were woken; several wake-ups at once may be one. */
  readonly wakeUps: number;
  readonly history: HistoryCounts;
  readonly modelCalls: number;
  readonly slackCalls: number;
}

let asked = 0;

/** Words that nobody has used before: what the model has decided about the same ones would be taken from the cache. */
const nextNumber = (): number => ++asked;

const kindOf = (name: string): RequestKind => {
  const kind = KINDS[name];
  if (!kind) throw new Error(`No kind of request ${name}; there are ${Object.keys(KINDS).join(', ')}.`);
  return kind;
};

/** Plays one request as fast as it goes; answers its job when people see that it has ended. */
export async function playFreely(subject: Subject, name: string): Promise<string> {
  const kind = kindOf(name);
  subject.isPaced = false;
  subject.nubabel.model.setResponder(kind.respond);
  const jobId = await kind.play(subject, nextNumber());
  await subject.ended(jobId);
  return jobId;
}

/** What processes learn with the first request of a kind is not counted, nor that a session with a tool server is opened. */
async function warmUp(subject: Subject, name: string): Promise<void> {
  // A session that nobody uses for a minute is closed, which asks Postgres in the middle of another request.
  for (const kind of ['tool-read', name]) await subject.settled(await playFreely(subject, kind));
}

/** Requests that are looked into again because a sweep came in between. */
const TRIES = 3;
/** It also closes what belongs to the request, which then looks as if it were the request's. */
const SWEEP = 'select organizations_with_open_envelopes()';

/**
 * Plays one request, one thing after the other, and counts what it asks: a model's answer comes when all that could be
 * done without it is done, so that nothing is counted that depends on who was faster.
 */
export async function dissect(subject: Subject, name: string): Promise<Anatomy> {
  await warmUp(subject, name);
  for (let nth = 1; ; nth++) {
    const mark = subject.meter.mark();
    const anatomy = await dissectOnce(subject, name);
    const wasSwept = subject.meter.since(mark).some(({ statements }) => statements.includes(SWEEP));
    if (!wasSwept || nth === TRIES) return anatomy;
  }
}

async function dissectOnce(subject: Subject, name: string): Promise<Anatomy> {
  const kind = kindOf(name);
  const { nubabel, meter } = subject;
  subject.isPaced = true;
  nubabel.model.setResponder(oneAfterTheOther(subject, kind.respond));
  const before = { mark: meter.mark(), models: nubabel.model.log.length, slack: nubabel.slack.calls().length };
  const jobId = await kind.play(subject, nextNumber());
  await subject.settled(jobId);
  const { events } = await nubabel.temporal.workflow.getHandle(nubabel.workflowId(jobId)).fetchHistory();
  const all = meter.since(before.mark);
  const spans = spansOf(events ?? []);
  return {
    kind: name,
    transactions: all
      .filter(({ about }) => about === 'request')
      .sort((a, b) => a.beganAt - b.beganAt)
      .map((transaction) => ({ ...transaction, phase: phaseOf(transaction, spans) })),
    wakeUps: all.filter(({ about }) => about === 'wake-up').length,
    history: countHistory(events ?? []),
    modelCalls: nubabel.model.log.length - before.models,
    slackCalls: nubabel.slack.calls().length - before.slack,
  };
}

/** Lets the model answer one call at a time, and each when nobody has anything else to do. */
function oneAfterTheOther({ quiet, watch }: Subject, respond: Responder): Responder {
  let held = 0;
  let last: Promise<unknown> = Promise.resolve();
  const answerNext = async (): Promise<void> => {
    const [job] = await watch.look<{ id: string }>('select id from orchestrations order by created_at desc limit 1');
    await quiet(job?.id ?? '', () => held);
    held--;
  };
  return async (request) => {
    held++;
    const turn = last.then(answerNext);
    last = turn.catch(() => undefined);
    await turn;
    return respond(request);
  };
}

/** The API's own is the door's; the worker's belongs to whatever ran at that time. */
function phaseOf({ process, beganAt, statements }: Transaction, spans: readonly HistorySpan[]): string {
  const [first] = spans;
  if (process === 'api') {
    if (statements.every((statement) => statement === 'update inbox')) return 'handed over';
    return !first || beganAt < first.from ? 'accept' : 'answer';
  }
  const names = new Set(spans.filter(({ from, to }) => from <= beganAt && beganAt <= to).map(({ name }) => name));
  return [...names].join(' | ') || 'beside';
}
