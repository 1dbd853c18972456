import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createFakeSalesforce,
  demoRecords,
  fakeRecordId,
  type FakeSalesforce,
} from '../../../fakes/salesforce/index.ts';
import { salesforce } from '../../../../adapters/mcp/servers/salesforce/index.ts';
import { assertReads } from '../../../../adapters/mcp/servers/salesforce/query.ts';
import { openProvider } from './tools.ts';

const TOKEN = '00Ddemo!token';
const ID = fakeRecordId('001', 1);
let fake: FakeSalesforce;
beforeEach(async () => {
  fake = await createFakeSalesforce({ records: demoRecords(450), pageSize: 200 });
});
afterEach(() => fake.close());

const open = (change: { url?: string; token?: string; fetch?: typeof fetch } = {}) =>
  openProvider(salesforce, { url: fake.url, token: TOKEN, ...change });

describe('Salesforce', () => {
  it('says who we are, also with a token that may only use the API', async () => {
    await expect(open().whoAmI()).resolves.toBe('bot@acme.example');
    fake.failNext('userInfo', { when: 'before', status: 403, body: 'Missing_OAuth_Token' });
    await expect(open().whoAmI()).resolves.toContain('without the identity scope');
    await expect(open({ token: 'old' }).whoAmI()).rejects.toMatchObject({ fault: 'unauthorized' });
  });

  it('answers the rows of a query without the wire’s attributes', async () => {
    const soql = "SELECT Id, Name FROM Account WHERE Name = 'Account 2' LIMIT 5";
    await expect(open().run('query', { soql })).resolves.toEqual({
      totalSize: 1,
      truncated: false,
      records: [{ Id: fakeRecordId('001', 2), Name: 'Account 2' }],
    });
  });

  it('fetches as many pages as the limit needs, and says what is missing', async () => {
    const soql = 'SELECT Id FROM Account';
    const all = await open().run('query', { soql, limit: 450 });
    expect(new Set((all['records'] as { Id: string }[]).map(({ Id }) => Id)).size).toBe(450);
    expect(all['truncated']).toBe(false);
    const requests = fake.calls().length;
    const some = await open().run('query', { soql, limit: 10 });
    expect(some).toMatchObject({ totalSize: 450, truncated: true });
    expect(some['records']).toHaveLength(10);
    expect(fake.calls().length - requests).toBe(1);
  });

  it('takes the token to no other address that a page names', async () => {
    const poisoned = {
      totalSize: 9_999,
      done: false,
      records: [{ Id: '1' }],
      nextRecordsUrl: 'https://evil.example/x',
    };
    fake.failNext('queryMore', { when: 'after', status: 200, body: poisoned });
    const sent: string[] = [];
    const tools = open({
      fetch: (input, init) => {
        sent.push(new URL(input as string).origin);
        return fetch(input, init);
      },
    });
    await expect(tools.run('query', { soql: 'SELECT Id FROM Account', limit: 2_000 })).rejects.toMatchObject({
      message: expect.stringContaining('another address'),
    });
    expect(new Set(sent)).toEqual(new Set([fake.url]));
  });

  it.each([
    'UPDATE Account SET Name = 1',
    'DELETE FROM Account',
    'SELECT Id FROM Account FOR UPDATE',
    'select Id from Account for\n view',
    'SELECT Id FROM Knowledge__kav UPDATE VIEWSTAT',
    "SELECT Id FROM Account WHERE Name = 'open",
    "SELECT Id FROM Account WHERE Name = 'it\\'s' FOR REFERENCE",
  ])('refuses %s before it is sent', async (soql) => {
    await expect(open().run('query', { soql })).rejects.toMatchObject({ fault: 'refused' });
    expect(fake.calls()).toEqual([]);
  });

  it('lets words in quotes be words', () => {
    expect(() => assertReads("SELECT Id FROM Account WHERE Name = 'ready FOR UPDATE, isn\\'t it'")).not.toThrow();
  });

  it('reads a record whole or in part', async () => {
    await expect(open().run('getRecord', { object: 'Account', id: ID })).resolves.toMatchObject({
      url: `${fake.url}/${ID}`,
      fields: { Name: 'Account 1', Industry: 'Banking' },
    });
    const part = await open().run('getRecord', { object: 'Account', id: ID, fields: ['Industry'] });
    expect(part['fields']).toEqual({ Id: ID, Industry: 'Banking' });
  });

  it('takes no name or id that could lead to another address', async () => {
    for (const args of [
      { object: '../Account', id: ID },
      { object: 'Account', id: '001/../../limits' },
      { object: 'Account', id: ID, fields: ['Name,Id&x=1'] },
    ])
      await expect(open().run('getRecord', args)).rejects.toThrow();
    expect(fake.calls()).toEqual([]);
  });

  it('sends everything through the fetch it was given, and nothing else', async () => {
    const seen: string[] = [];
    const tools = open({
      fetch: (input, init) => {
        seen.push(`${init?.method} ${new URL(input as string).pathname}`);
        return fetch(input, init);
      },
    });
    await tools.run('query', { soql: 'SELECT Id FROM Account', limit: 300 });
    await tools.run('updateRecord', { object: 'Account', id: ID, fields: { Industry: 'Media' } });
    expect(seen).toHaveLength(fake.calls().length);
    expect(seen.at(-1)).toBe(`PATCH /services/data/v63.0/sobjects/Account/${ID}`);
  });
});

describe('a failure of Salesforce', () => {
  it('is told in Salesforce’s own words', async () => {
    await expect(open().run('query', { soql: 'SELECT Nope FROM Account' })).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringContaining("INVALID_FIELD: No such column 'Nope'"),
    });
    await expect(
      open().run('updateRecord', { object: 'Account', id: ID, fields: { IsDeleted: true } }),
    ).rejects.toMatchObject({ fault: 'refused', message: expect.stringContaining('(IsDeleted)') });
  });

  it('is told as a long wait when the org’s requests of the day are used up', async () => {
    const poor = await createFakeSalesforce({ dailyRequests: 1 });
    const tools = open({ url: poor.url });
    await tools.run('query', { soql: 'SELECT Id FROM Account' });
    await expect(tools.run('query', { soql: 'SELECT Id FROM Account' })).rejects.toMatchObject({
      fault: 'rate_limited',
      retryAfterMs: 3_600_000,
      message: expect.stringContaining('24 hours'),
    });
    await poor.close();
  });

  it('is told as a short wait when there are too many at once, or the row is locked', async () => {
    const busy = await createFakeSalesforce({ limits: { requests: 1, windowMs: 60_000 } });
    await open({ url: busy.url }).whoAmI();
    await expect(open({ url: busy.url }).run('query', { soql: 'SELECT Id FROM Account' })).rejects.toMatchObject({
      fault: 'rate_limited',
      retryAfterMs: 60_000,
    });
    await busy.close();
    const body = [{ errorCode: 'UNABLE_TO_LOCK_ROW', message: 'unable to obtain exclusive access to this record' }];
    fake.failNext('updateRecord', { when: 'before', status: 400, body });
    await expect(
      open().run('updateRecord', { object: 'Account', id: ID, fields: { Industry: 'Media' } }),
    ).rejects.toMatchObject({ fault: 'rate_limited' });
  });

  it('leaves a change open and a read harmless when the answer is lost, and is tried once', async () => {
    const change = { object: 'Account', id: ID, fields: { Industry: 'Media' } };
    fake.failNext('updateRecord', { when: 'after', cut: true, times: 3 });
    await expect(open().run('updateRecord', change)).rejects.toMatchObject({ fault: 'unknown' });
    fake.failNext('query', { when: 'before', status: 503, times: 3 });
    await expect(open().run('query', { soql: 'SELECT Id FROM Account' })).rejects.toMatchObject({
      fault: 'unavailable',
    });
    expect([fake.calls('updateRecord').length, fake.calls('query').length]).toEqual([1, 1]);
  });

  it('ends with the caller’s patience', async () => {
    fake.failNext('query', { when: 'before', delayMs: 5_000 });
    const signal = AbortSignal.timeout(50);
    await expect(open().run('query', { soql: 'SELECT Id FROM Account' }, { signal })).rejects.toMatchObject({
      fault: 'unavailable',
    });
  });
});

describe('a change of a record', () => {
  const args = {
    object: 'Account',
    id: ID,
    fields: {
      Name: ' Acme ',
      AnnualRevenue: 5,
      Description: '',
      LastReviewed__c: '2026-11-21T10:00:00+02:00',
      Industry: null,
    },
  };

  it('is known to have happened, or not, whatever way Salesforce writes the values', async () => {
    const tools = open();
    const before = await tools.before('updateRecord', args);
    await expect(tools.readBack('updateRecord', { args, before })).resolves.toBe('not_happened');
    fake.failNext('updateRecord', { when: 'after', cut: true });
    await expect(tools.run('updateRecord', args)).rejects.toThrow();
    await expect(tools.readBack('updateRecord', { args, before })).resolves.toMatchObject({ happened: { id: ID } });
    fake.record('Account', ID)['Name'] = 'Somebody else';
    await expect(tools.readBack('updateRecord', { args, before })).resolves.toBe('unclear');
    await expect(tools.readBack('updateRecord', { args })).resolves.toBe('unclear');
  });

  it('is taken back where nobody has changed it since, and can be so twice', async () => {
    const tools = open();
    const old = structuredClone(fake.record('Account', ID));
    const before = await tools.before('updateRecord', args);
    const output = await tools.run('updateRecord', args);
    fake.record('Account', ID)['Industry'] = 'Media';
    const said = await tools.undo('updateRecord', { args, output, before });
    expect(said).toContain('Industry');
    await tools.undo('updateRecord', { args, output, before });
    expect(fake.record('Account', ID)).toEqual({ ...old, Industry: 'Media' });
    expect(fake.changes('record.updated')).toHaveLength(2);
  });
});
