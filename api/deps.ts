import type { Client } from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { Database } from '../db/tables/index.ts';
import type { Sealer } from '../db/sealing.ts';
import type { DefaultLimits } from '../db/queries/budget.ts';
import type { Principal } from '../db/queries/people.ts';
import type { Language } from '../contracts/agents.ts';
import type { BudgetPolicy } from '../contracts/budget.ts';
import type { Logger } from '../logging.ts';
import type { SkillCatalogue } from '../domain/skills/catalogue.ts';
import type { CheckAddress } from '../domain/connections/egress-port.ts';
import type { Authorizations } from '../domain/connections/grant-port.ts';
import type { ToolHost } from '../domain/tools/tool-host.ts';
import type { OrganizationPayloadCodec } from '../adapters/temporal/payload-codec.ts';
import type { HandOver } from '../adapters/temporal/hand-over.ts';
import type { LocalRouter } from '../domain/routing/local-router.ts';
import type { McpSessions } from './mcp/sessions.ts';
import type { EventHub } from './sse/hub.ts';

/** What the doors need; `main.ts` puts the real things here. */
export interface ApiDeps {
  readonly db: Kysely<Database>;
  readonly temporal: Client;
  readonly log: Logger;
  readonly hub: EventHub;
  readonly handOver: HandOver;
  /** The local path with what the organization has taught it: who may do this, in well under a millisecond. */
  readonly router: LocalRouter;
  /** The model's decisions are kept for requests in the same words. */
  readonly routingCache: boolean;
  readonly detectLanguage: (text: string) => Language;
  readonly wakeReaders: (organizationId: string) => void;
  /** Answers come from the demo model. */
  readonly demo: boolean;
  /** Where Temporal's Web UI shows our namespace. */
  readonly temporalUiUrl: string | null;
  readonly webDir: string;
  /** Limits where the organization has set none. */
  readonly defaultLimits: DefaultLimits;
  /** How tiers step down under pressure where the organization has decided nothing. */
  readonly defaultPolicy: BudgetPolicy;
  /** Accounts of the keys that come from the environment. */
  readonly sharedAccounts: readonly string[];
  /** The skills that come with the house. */
  readonly skills: SkillCatalogue;
  /** Encrypts secrets at rest; undefined when nothing is configured to do it with. */
  readonly sealer: Sealer | undefined;
  /** Decrypts what Temporal keeps, for the organization that it belongs to. */
  readonly payloadCodec: OrganizationPayloadCodec;
  /** Tools of every organization's connections. */
  readonly tools: ToolHost;
  /** Of other programs that use them over MCP. */
  readonly mcpSessions: McpSessions;
  readonly authorizations: Authorizations;
  /** Refuses addresses that tenants must not name. */
  readonly checkAddress: CheckAddress;
  /** Where people reach this house; without a trailing slash. */
  readonly publicUrl: string;
  /** Tenants may name addresses inside of our own network; for development only. */
  readonly allowPrivateAddresses: boolean;
}

/** What a request carries through the middleware. */
export interface ApiEnv {
  Variables: { principal: Principal; tokenHash: Buffer; requestId: string };
}
