import type { ServerResponse } from 'node:http';
import { sendJson } from '../http-server.ts';
import type { ModelError } from './types.ts';

/** Thrown while a request is examined; becomes the answer in Anthropic's error shape. */
export class RequestRefusedError extends Error {
  readonly error: ModelError;
  constructor(status: number, type: string, message: string) {
    super(message);
    this.error = { status, type, message };
  }
}

/** 400 `invalid_request_error`. */
export const invalid = (message: string): RequestRefusedError =>
  new RequestRefusedError(400, 'invalid_request_error', message);

/** Anthropic's error shape, as a body and as a frame. */
export const errorBody = (requestId: string, { type, message }: ModelError) => ({
  type: 'error',
  error: { type, message },
  request_id: requestId,
});

export function sendError(res: ServerResponse, requestId: string, error: ModelError): void {
  const retryAfter: Record<string, string> =
    error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) };
  sendJson(res, error.status, errorBody(requestId, error), { 'request-id': requestId, ...retryAfter });
}
