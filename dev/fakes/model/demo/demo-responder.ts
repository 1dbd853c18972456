import { createHash } from 'node:crypto';
import { conformingTo, type Hints } from '../from-schema.ts';
import type { JsonSchema, ModelRequest, Responder } from '../types.ts';
import { agentAnswer } from './agent-answer.ts';
import { analyze } from './analyze.ts';
import { asksFor, diagnose } from './diagnose.ts';
import { planFor } from './plan.ts';
import { toolTurn } from './tool-turn.ts';

export interface DemoOptions {
  /** Latency of every answer; 400 to 1500 ms, depending on the text, unless told. */
  readonly latencyMs?: number;
}

/**
 * The demo persona: analyses and plans requests by keywords, diagnoses what failed, calls the tools that a
 * request plainly asks for and answers as each of the nine agents. Equal input, equal answer.
 */
export const demoResponder =
  ({ latencyMs }: DemoOptions = {}): Responder =>
  (request) => ({
    delayMs: latencyMs ?? pauseFor(request),
    ...(request.schema
      ? { json: conformingTo(request.schema, hintsFor(request.schema, request.userText)) }
      : (toolTurn(request) ?? { text: agentAnswer(request.system, request.userText) })),
  });

const hintsFor = (schema: JsonSchema, userText: string): Hints => {
  if (asksFor(schema, 'goal', 'steps')) return { ...planFor(userText) };
  return asksFor(schema, 'rootCause', 'action') ? diagnose(userText) : analyze(userText);
};

/** Long enough for a person to see progress, and different from agent to agent. */
function pauseFor({ system, userText }: ModelRequest): number {
  return 400 + (createHash('sha256').update(`${system}\0${userText}`).digest().readUInt32BE() % 1101);
}
