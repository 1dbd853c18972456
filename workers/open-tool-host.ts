import type { Kysely } from 'kysely';
import type { Sealer } from '../db/sealing.ts';
import type { Database } from '../db/tables/index.ts';
import { providers } from '../adapters/mcp/servers/index.ts';
import { createToolHost, type ToolHostDeps } from '../domain/tools/create-tool-host.ts';
import { createGuardedFetch } from '../adapters/mcp/host/egress.ts';
import { createCredentials } from '../adapters/mcp/host/oauth/create-credentials.ts';
import { createGrantStore } from '../domain/connections/grant-store.ts';
import type { ToolHost } from '../domain/tools/tool-host.ts';

export interface ToolHostSettings extends Pick<ToolHostDeps, 'publicUrl' | 'onError'> {
  readonly db: Kysely<Database>;
  /** Opens what connections keep sealed; without it only those without credentials work. */
  readonly sealer: Sealer | undefined;
  /** Tenants may name http and local addresses; for development only. */
  readonly allowPrivate: boolean;
}

/** The host as every process has it, with the only `fetch` for addresses that tenants name. */
export function openToolHost({ db, sealer, allowPrivate, publicUrl, onError }: ToolHostSettings): {
  readonly tools: ToolHost;
  readonly egress: typeof fetch;
} {
  const guard = { allowPrivate };
  const egress = createGuardedFetch(guard);
  const credentials = createCredentials({ store: createGrantStore(db, sealer), fetch: egress });
  return { egress, tools: createToolHost({ db, egress: guard, credentials, providers, publicUrl, onError }) };
}
