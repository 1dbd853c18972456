import type { ProviderAnswer } from '../../../dev/fakes/provider/types.ts';

/** A refusal in Salesforce's format: a list with a message and a code, and the fields where it is about some. */
export class SalesforceRefusalError extends Error {
  readonly status: number;
  readonly errorCode: string;
  readonly fields: readonly string[] | undefined;
  constructor(status: number, errorCode: string, message: string, fields?: readonly string[]) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
    this.fields = fields;
  }
}

export const refusalAnswer = ({ status, errorCode, message, fields }: SalesforceRefusalError): ProviderAnswer => ({
  status,
  body: [{ message, errorCode, ...(fields && { fields }) }],
});
