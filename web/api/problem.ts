import type { Problem } from '../../contracts/request.ts';

/** The server answered no; the message is its sentence for people. */
export class ApiProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ApiProblemError';
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** No answer arrived: the request may or may not have been received. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super('Nubabel cannot be reached.', { cause });
    this.name = 'UnreachableError';
  }
}

/** Reads the problem document of a refused request; anything else becomes one with the status in it. */
export async function toApiProblem(response: Response): Promise<ApiProblemError> {
  const body: unknown = await response.json().catch(() => undefined);
  return new ApiProblemError(isProblem(body) ? { ...body, status: response.status } : unknownProblem(response));
}

/** A refusal that the same request will meet again. */
export function isLasting(error: unknown): boolean {
  if (!(error instanceof ApiProblemError)) return false;
  return error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429;
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' &&
  body !== null &&
  'detail' in body &&
  typeof body.detail === 'string' &&
  'type' in body &&
  typeof body.type === 'string';

const unknownProblem = (response: Response): Problem => ({
  type: 'about:blank',
  title: response.statusText,
  status: response.status,
  detail: `The server answered ${response.status} ${response.statusText}`.trim() + '.',
});
