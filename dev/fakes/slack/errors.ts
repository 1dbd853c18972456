/** Thrown by a method; becomes `{ok: false, error}` with HTTP 200, as Slack answers. */
export class SlackRefusalError extends Error {
  readonly code: string;
  /** Reasons with JSON pointers, as for `invalid_blocks`. */
  readonly reasons: readonly string[];
  constructor(code: string, reasons: readonly string[] = []) {
    super(code);
    this.code = code;
    this.reasons = reasons;
  }
}

export const refusalBody = ({ code, reasons }: SlackRefusalError): Record<string, unknown> =>
  reasons.length === 0
    ? { ok: false, error: code }
    : {
        ok: false,
        error: code,
        errors: reasons,
        response_metadata: { messages: reasons.map((reason) => `[ERROR] ${reason}`) },
      };
