import type { temporal } from '@temporalio/proto';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** What a request has cost Temporal, from the history of its workflow. */
export interface HistoryCounts {
  readonly events: number;
  readonly workflowTasks: number;
  /** By type; what was tried again counts once. */
  readonly activities: Readonly<Record<string, number>>;
  readonly localActivities: Readonly<Record<string, number>>;
  readonly searchAttributeUpserts: number;
  readonly timers: number;
  readonly messages: number;
}

/** A span of a history in which something may have asked Postgres. */
export interface HistorySpan {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Counts the commands and tasks of a history. */
export function countHistory(events: readonly HistoryEvent[]): HistoryCounts {
  const count = (is: (event: HistoryEvent) => unknown) => events.filter((event) => Boolean(is(event))).length;
  return {
    events: events.length,
    workflowTasks: count((event) => event.workflowTaskCompletedEventAttributes),
    activities: tally(events.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name)),
    localActivities: tally(events.map(localActivityOf)),
    searchAttributeUpserts: count((event) => event.upsertWorkflowSearchAttributesEventAttributes),
    timers: count((event) => event.timerStartedEventAttributes),
    messages: count(
      (event) => event.workflowExecutionSignaledEventAttributes ?? event.workflowExecutionUpdateAcceptedEventAttributes,
    ),
  };
}

function tally(names: readonly (string | null | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) if (name) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The type of the local activity that a marker records. */
function localActivityOf({ markerRecordedEventAttributes: marker }: HistoryEvent): string | undefined {
  if (marker?.markerName !== 'core_local_activity') return undefined;
  const data = marker.details?.['data']?.payloads?.[0]?.data;
  const { activity_type: type } = JSON.parse(Buffer.from(data ?? []).toString()) as { activity_type?: string };
  return type;
}

/**
 * When activities ran, and when workflow tasks were worked on in which local ones ran. They follow one another, so that
 * most moments belong to one of them.
 */
export function spansOf(events: readonly HistoryEvent[]): HistorySpan[] {
  return events.flatMap((event) => activitySpan(events, event) ?? taskSpan(events, event) ?? []);
}

function activitySpan(events: readonly HistoryEvent[], event: HistoryEvent): HistorySpan | undefined {
  const end =
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskCanceledEventAttributes;
  if (!end) return undefined;
  const scheduled = at(events, end.scheduledEventId)?.activityTaskScheduledEventAttributes;
  const name = scheduled?.activityType?.name ?? '?';
  return { name, from: timeOf(at(events, end.startedEventId)), to: timeOf(event) };
}

/** The local activities of a workflow task are recorded behind its completion. */
function taskSpan(events: readonly HistoryEvent[], event: HistoryEvent): HistorySpan | undefined {
  const end = event.workflowTaskCompletedEventAttributes;
  if (!end) return undefined;
  const behind = events.slice(events.indexOf(event) + 1);
  const next = behind.findIndex((later) => later.workflowTaskScheduledEventAttributes);
  const names = behind.slice(0, next < 0 ? undefined : next).flatMap((later) => localActivityOf(later) ?? []);
  return { name: names.join(' + ') || 'workflow', from: timeOf(at(events, end.startedEventId)), to: timeOf(event) };
}

const at = (events: readonly HistoryEvent[], id: { toNumber(): number } | null | undefined) =>
  events.find(({ eventId }) => eventId?.toNumber() === id?.toNumber());

function timeOf(event: HistoryEvent | undefined): number {
  const { seconds, nanos } = event?.eventTime ?? {};
  return Number(seconds ?? 0) * 1_000 + Number(nanos ?? 0) / 1_000_000;
}
