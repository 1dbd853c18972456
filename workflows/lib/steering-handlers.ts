import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import { FAILURE } from '../../contracts/failures.ts';
import { LIMITS } from '../../contracts/limits.ts';
import type { SteeringMode } from '../../contracts/steering.ts';
import type { SteeringMessage } from '../../contracts/workflow.ts';
import { steerSignal, steerUpdate } from '../messages.ts';

/** Where messages to running work arrive: they are taken up at the next step boundary. */
export interface SteeringHandlers {
  /** Words for the next step, taken once. */
  takeWords(): string[];
  hasWords(): boolean;
  /** Nothing new is to start. */
  stopped(): boolean;
  /** Stops as if somebody had said so. */
  stop(): void;
  wantsReplan(): boolean;
  /** The constraints of a wanted plan, taken once. */
  takeReplan(): string[];
  /** The end is being written: later messages are refused. */
  close(): void;
}

/** Sets the handlers of both messages; call it before the workflow's first await. `onMessage` is told of each that counts. */
export function createSteeringHandlers(onMessage: (mode: SteeringMode) => void): SteeringHandlers {
  const words: string[] = [];
  const constraints: string[] = [];
  const seen = new Set<string>();
  let stopped = false;
  let closed = false;

  setHandler(steerUpdate, take, {
    validator: (_message: SteeringMessage) => {
      if (closed) throw ApplicationFailure.nonRetryable('The work is over.', FAILURE.alreadyOver);
      if (seen.size >= LIMITS.steeringPerJob)
        throw ApplicationFailure.nonRetryable('Too many messages.', FAILURE.tooManyMessages);
    },
  });
  setHandler(steerSignal, (message) => {
    if (!closed && seen.size < LIMITS.steeringPerJob) take(message);
  });

  function take(message: SteeringMessage): void {
    if (seen.has(message.id)) return;
    seen.add(message.id);
    if (message.mode === 'steer') words.push(message.id);
    else if (message.mode === 'replan') constraints.push(message.id);
    else stopped = true;
    onMessage(message.mode);
  }

  return {
    takeWords: () => words.splice(0),
    hasWords: () => words.length > 0,
    stopped: () => stopped,
    stop: () => {
      stopped = true;
      onMessage('stop');
    },
    wantsReplan: () => constraints.length > 0,
    takeReplan: () => constraints.splice(0),
    close: () => void (closed = true),
  };
}
