export type FakeRecord = Record<string, unknown> & { Id: string };

/** Records by object and id. */
export type FakeRecords = Map<string, Map<string, FakeRecord>>;

/** 18 characters, as Salesforce's ids have. */
export const fakeRecordId = (prefix: string, number: number): string =>
  `${prefix}${String(number).padStart(12, '0')}AAA`.slice(0, 18);

/** A few accounts, for demonstrations and tests. */
export function demoRecords(accounts = 3): FakeRecords {
  const table = new Map<string, FakeRecord>();
  for (let number = 1; number <= accounts; number++) {
    const Id = fakeRecordId('001', number);
    table.set(Id, {
      Id,
      Name: `Account ${number}`,
      Industry: number % 2 === 0 ? 'Energy' : 'Banking',
      AnnualRevenue: number * 1_000,
      Description: null,
      LastReviewed__c: '2026-01-02T03:04:05.000+0000',
      IsDeleted: false,
    });
  }
  return new Map([['Account', table]]);
}
