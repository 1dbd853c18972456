import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import { FAILURE } from '../../contracts/failures.ts';
import { LIMITS } from '../../contracts/limits.ts';
import type { SteeringMode } from '../../contracts/steering.ts';
import type { CarriedSteering, SteeringMessage } from '../../contracts/workflow.ts';
import { steerSignal, steerUpdate } from '../messages.ts';

/** Where messages to running work arrive: they are taken up at the next step boundary. */
export interface SteeringHandlers {
  /** Ids of messages for the next step; each is handed out once. */
  consumeMessages(): string[];
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

/** Sets the handlers of both messages; call it before the workflow's first await. `onMessage` is told of each that counts. */
export function createSteeringHandlers(
  onMessage: (mode: SteeringMode) => void,
  carried: CarriedSteering = { messages: [], constraints: [], seen: [] },
): SteeringHandlers {
  const messages = [...carried.messages];
  const constraints = [...carried.constraints];
  const seen = new Set(carried.seen);
  let isStopped = false;
  let isClosed = false;

  setHandler(steerUpdate, accept, {
    validator: (_message: SteeringMessage) => {
      if (isClosed) throw ApplicationFailure.nonRetryable('The work is over.', FAILURE.alreadyOver);
      if (seen.size >= LIMITS.steeringPerJob)
        throw ApplicationFailure.nonRetryable('Too many messages.', FAILURE.tooManyMessages);
    },
  });
  setHandler(steerSignal, (message) => {
    if (!isClosed && seen.size < LIMITS.steeringPerJob) accept(message);
  });

  function accept({ id, mode }: SteeringMessage): void {
    if (seen.has(id)) return;
    seen.add(id);
    if (mode === 'steer') messages.push(id);
    else if (mode === 'replan') constraints.push(id);
    else isStopped = true;
    onMessage(mode);
  }

  return {
    consumeMessages: () => messages.splice(0),
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
