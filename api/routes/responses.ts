import { z } from '@hono/zod-openapi';
import { agentAmong, type AgentId } from '../../contracts/agents.ts';
import { Problem } from '../../contracts/request.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidRequest } from '../problems.ts';

/** A JSON answer in an OpenAPI route. */
export const jsonResponse = <T extends z.ZodType>(schema: T, description: string) => ({
  content: { 'application/json': { schema } },
  description,
});

const ProblemDetails = Problem.meta({ id: 'Problem' });
const problem = (description: string) => ({
  content: { 'application/problem+json': { schema: ProblemDetails } },
  description,
});

/** The problems that every route behind the token can answer. */
export const PROBLEMS = {
  400: problem('The request is not valid'),
  401: problem('A valid bearer token is needed'),
  403: problem('Not allowed'),
  404: problem('There is no such thing in your organization'),
  409: problem('This does not fit the present state'),
  413: problem('The body is too large'),
  415: problem('The content type is not supported'),
  422: problem('The idempotency key belongs to another request'),
  503: problem('A part of the system is away'),
} as const;

export const BEARER = [{ bearer: [] }];

/** @throws RequestError for an agent that is not there, as a schema that lists them would refuse it. */
export const refuseUnknownAgents = ({ agents: known }: Pick<ApiDeps, 'agents'>, agents: readonly AgentId[]) =>
  refuse(z.object({ agents: z.array(agentAmong(known.keys())) }).safeParse({ agents }));

/** Every route's answer to what its schema refuses. */
export function refuse(result: { success: boolean; error?: z.core.$ZodError }): void {
  if (!result.success && result.error) throw invalidRequest(result.error);
}
