import { ApplicationFailure, condition, isCancellation, log, setHandler, TemporalFailure } from '@temporalio/workflow';
import { FAILURE } from '../../contracts/failures.ts';
import { LIMITS } from '../../contracts/limits.ts';
import type { SteeringMode } from '../../contracts/steering.ts';
import type { CarriedSteering, SteeringMessage } from '../../contracts/workflow.ts';
import { steerSignal, steerUpdate } from '../messages.ts';

/** Where messages to running work arrive: they are taken up at the next step boundary. */
export interface SteeringHandlers {
  /** Ids of messages for the next step, in the order they were said; each is handed out once. Waits for those that are being looked up. */
  consumeMessages(): Promise<string[]>;
  hasMessages(): boolean;
  /** Nothing new is to start. */
  isStopped(): boolean;
  /** Stops as if somebody had said so. */
  stop(): void;
  isReplanWanted(): boolean;
  /** Ids of the messages that a wanted plan has to follow; each is handed out once. */
  consumeConstraints(): string[];
  /** The end is being written: later messages are refused. */
  close(): void;
  /** What has not been taken up yet, for the next run of the workflow. */
  carry(): CarriedSteering;
}

interface SteeringDeps {
  /** Whether the message stands in our tables as said by somebody who may say it. */
  isAccepted(message: SteeringMessage): Promise<boolean>;
  /** Told of each that counts. */
  onMessage(mode: SteeringMode): void;
}

/** Sets the handlers of both messages; call it before the workflow's first await. */
export function createSteeringHandlers(
  { isAccepted, onMessage }: SteeringDeps,
  carried: CarriedSteering = { messages: [], constraints: [], seen: [] },
): SteeringHandlers {
  const messages = [...carried.messages];
  const constraints = [...carried.constraints];
  const seen = new Set(carried.seen);
  let isStopped = false;
  let isClosed = false;

  const inbox = inOrder(take);
  setHandler(steerUpdate, inbox.take, { validator: refuseAtOnce });
  setHandler(steerSignal, (message) => inbox.take(message).catch(unlessRefused));

  function refuseAtOnce(_message: SteeringMessage): void {
    if (isClosed) throw ApplicationFailure.nonRetryable('The work is over.', FAILURE.alreadyOver);
    if (seen.size >= LIMITS.steeringPerJob)
      throw ApplicationFailure.nonRetryable('Too many messages.', FAILURE.tooManyMessages);
  }

  /** Whoever reaches Temporal can send a message, so it is looked for in our tables first. */
  async function take(message: SteeringMessage, before: Promise<unknown>): Promise<void> {
    const { id, mode } = message;
    refuseAtOnce(message);
    if (seen.has(id)) return;
    const [accepted] = await Promise.allSettled([isAccepted(message), before]);
    if (accepted.status === 'rejected') throw accepted.reason;
    if (!accepted.value) throw ApplicationFailure.nonRetryable('Nobody who may has said this.', FAILURE.notAllowed);
    refuseAtOnce(message);
    if (seen.has(id)) return;
    seen.add(id);
    if (mode === 'steer') messages.push(id);
    else if (mode === 'replan') constraints.push(id);
    else isStopped = true;
    onMessage(mode);
  }

  return {
    async consumeMessages() {
      await inbox.settled();
      return messages.splice(0);
    },
    hasMessages: () => messages.length > 0,
    isStopped: () => isStopped,
    stop: () => {
      isStopped = true;
      onMessage('stop');
    },
    isReplanWanted: () => constraints.length > 0,
    consumeConstraints: () => constraints.splice(0),
    close: () => void (isClosed = true),
    carry: () => ({ messages: [...messages], constraints: [...constraints], seen: [...seen] }),
  };
}

/** Messages are looked up side by side, and count in the order in which they came. */
function inOrder(take: (message: SteeringMessage, before: Promise<unknown>) => Promise<void>) {
  let previous: Promise<unknown> = Promise.resolve();
  let inFlight = 0;
  return {
    async take(message: SteeringMessage): Promise<void> {
      const taken = take(message, previous);
      previous = taken.catch(() => undefined);
      inFlight++;
      await taken.finally(() => inFlight--);
    },
    async settled(): Promise<void> {
      if (inFlight > 0) await condition(() => inFlight === 0);
    },
  };
}

/** Nobody waits for what a message from a thread comes to: one that does not count fails nothing. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof TemporalFailure)) throw error;
  if (!isCancellation(error)) log.warn('A message does not count', { reason: error.message });
}
