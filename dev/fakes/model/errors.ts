import type { ServerResponse } from 'node:http';
import { sendJson } from '../http-server.ts';
import type { ModelError } from './types.ts';

/** Thrown while a request is examined; becomes the answer in Anthropic's error shape. */
export class RequestRefused extends Error {
  readonly error: ModelError;
  constructor(status: number, type: string, message: string) {
    super(message);
    this.error = { status, type, message };
  }
}

/** 400 `invalid_request_error`. */
export const invalid = (message: string): RequestRefused => new RequestRefused(400, 'invalid_request_error', message);

export function sendError(res: ServerResponse, requestId: string, error: ModelError): void {
  const body = { type: 'error', error: { type: error.type, message: error.message }, request_id: requestId };
  const retryAfter: Record<string, string> =
    error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) };
  sendJson(res, error.status, body, { 'request-id': requestId, ...retryAfter });
}
