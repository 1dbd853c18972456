import type { ProviderAnswer } from '../../../dev/fakes/provider/types.ts';

/** A refusal in Jira's format: general messages, and one per field. */
export class JiraRefusalError extends Error {
  readonly status: number;
  readonly errorMessages: readonly string[];
  readonly errors: Readonly<Record<string, string>>;
  constructor(status: number, errorMessages: readonly string[], errors: Readonly<Record<string, string>> = {}) {
    super(errorMessages[0] ?? 'refused');
    this.status = status;
    this.errorMessages = errorMessages;
    this.errors = errors;
  }
}

export const refusalAnswer = ({ status, errorMessages, errors }: JiraRefusalError): ProviderAnswer => ({
  status,
  body: { errorMessages, errors },
});

export const noIssue = (): JiraRefusalError =>
  new JiraRefusalError(404, ['Issue does not exist or you do not have permission to see it.']);
