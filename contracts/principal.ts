/** The person a request speaks for, as their token or their Slack id has shown. */
export interface Principal {
  readonly organizationId: string;
  readonly userId: string;
  readonly name: string;
  readonly role: 'admin' | 'user' | 'guest';
  readonly timeZone: string;
}
