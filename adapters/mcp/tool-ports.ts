import type { CheckAddress, Authorizations } from '../../domain/connections/connection-ports.ts';
import type { GrantStore } from '../../domain/connections/grant-store.ts';
import type { ToolPorts } from '../../domain/tools/tool-ports.ts';
import { checkArguments } from './host/check-arguments.ts';
import { checkUrl } from './host/checked-address.ts';
import { createGuardedFetch } from './host/egress.ts';
import { createAuthorizations } from './host/oauth/authorize.ts';
import { createCredentials } from './host/oauth/create-credentials.ts';
import { createFirstPartyTools } from './host/provider-effects.ts';
import { createSessions } from './host/sessions.ts';
import { providers } from './servers/index.ts';

interface ToolPortsDeps {
  readonly grants: GrantStore;
  /** Tenants may name http and local addresses; for development only. */
  readonly allowPrivate: boolean;
}

/** Everything behind the ports of tools and connections, with the only `fetch` for addresses that tenants name. */
export function createToolPorts({ grants, allowPrivate }: ToolPortsDeps): ToolPorts & {
  readonly authorizations: Authorizations;
  readonly checkAddress: CheckAddress;
} {
  const egress = { allowPrivate };
  const fetch = createGuardedFetch(egress);
  const credentials = createCredentials({ store: grants, fetch });
  return {
    openSessions: (onToolsChanged) => createSessions({ egress, credentials, providers, onToolsChanged }),
    firstParty: createFirstPartyTools(providers),
    checkArguments,
    authorizations: createAuthorizations(fetch),
    checkAddress: (url) => checkUrl(url, allowPrivate),
  };
}
