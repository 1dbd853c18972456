import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { EventType, OrganizationEvent } from '../../../contracts/events.ts';
import { within } from '../clock.ts';
import type { Stage } from '../stage/stage.ts';
import type { Tenant } from '../stage/tenant.ts';

/** One open event stream of an organization. */
export interface Follower {
  /** The first event of one of these types about a job, also when it came before anybody asked. */
  event(jobId: string, types: readonly EventType[], withinMs?: number): Promise<OrganizationEvent>;
  /** The end of a job. @throws when it did not complete whole. */
  completed(jobId: string): Promise<void>;
  everything(): readonly OrganizationEvent[];
  /** Everything about a job so far, in order. */
  eventsOf(jobId: string): readonly OrganizationEvent[];
  close(): void;
}

const WAIT_MS = 60_000;

/** Opens a stream; resolves when it is live. */
export async function follow(stage: Stage, tenant: Tenant): Promise<Follower> {
  const stop = new AbortController();
  const answer = await fetch(`${stage.url}/api/events`, {
    headers: { authorization: `Bearer ${tenant.token}` },
    signal: stop.signal,
  });
  if (!answer.ok || !answer.body) throw new Error(`The event stream answered ${answer.status}.`);
  const seen = new Map<string, OrganizationEvent[]>();
  const waiting = new Map<string, Set<() => void>>();
  const reader = answer.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  const first = await reader.read();
  if (first.value?.event !== 'connected') throw new Error('The event stream did not begin with "connected".');
  void (async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const event = JSON.parse(next.value.data) as OrganizationEvent;
      const jobId = event.jobId ?? '';
      seen.set(jobId, [...(seen.get(jobId) ?? []), event]);
      waiting.get(jobId)?.forEach((look) => look());
    }
  })().catch(() => undefined);

  const find = (jobId: string, types: readonly EventType[]) =>
    seen.get(jobId)?.find(({ type }) => types.includes(type));
  const event: Follower['event'] = (jobId, types, withinMs = WAIT_MS) => {
    const looking = new Promise<OrganizationEvent>((resolve) => {
      const lookers = waiting.get(jobId) ?? new Set();
      waiting.set(jobId, lookers);
      const look = () => {
        const found = find(jobId, types);
        if (!found) return;
        lookers.delete(look);
        resolve(found);
      };
      lookers.add(look);
      look();
    });
    return within(withinMs, `${types.join(' or ')} of job ${jobId}`, looking);
  };
  return {
    event,
    completed: async (jobId) => {
      const { status } = await event(jobId, ['orchestration_completed', 'orchestration_failed']);
      if (status !== 'completed') throw new Error(`The job ended ${status}.`);
    },
    everything: () => [...seen.values()].flat(),
    eventsOf: (jobId) => seen.get(jobId) ?? [],
    close: () => stop.abort(),
  };
}
