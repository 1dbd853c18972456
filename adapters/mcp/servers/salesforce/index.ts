import { z } from 'zod';
import { ProviderError, type Provider } from '../define.ts';
import { createSalesforceClient, type SalesforceClient } from './client.ts';
import { getRecord } from './get-record.ts';
import { query } from './query.ts';
import { updateRecord } from './update-record.ts';

const UserInfo = z.object({ preferred_username: z.string() });

export const salesforce: Provider<SalesforceClient> = {
  provider: 'salesforce',
  title: 'Salesforce',
  defaultUrl: undefined,
  createClient: createSalesforceClient,
  async whoAmI(client, { signal }) {
    const connection = client.on(signal);
    try {
      const user = UserInfo.safeParse(await connection.request('/services/oauth2/userinfo'));
      return user.data?.preferred_username ?? 'a user without a name';
    } catch (error) {
      if (!(error instanceof ProviderError) || error.fault !== 'refused') throw error;
      // A token without the identity scope may still use the API.
      await connection.request('/limits');
      return 'a user of the API without the identity scope';
    }
  },
  tools: [query, getRecord, updateRecord],
};
