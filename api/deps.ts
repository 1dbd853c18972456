import type { ServerResponse } from 'node:http';
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { AgentDefinition, AgentId } from '../contracts/agents.ts';
import type { Principal } from '../contracts/request.ts';
import type { PolicyDeps, LimitDeps } from '../domain/budgets/limits.ts';
import type { ConnectDeps } from '../domain/connections/change-connection.ts';
import type { GrantDeps } from '../domain/connections/grants.ts';
import type { UndoDeps } from '../domain/effects/undo.ts';
import type { EventHub } from '../domain/events/event-hub.ts';
import type { HealthDeps } from '../domain/health.ts';
import type { KeyPoolDeps } from '../domain/models/organization-keys.ts';
import type { CancelDeps } from '../domain/orchestrations/cancel.ts';
import type { WorkflowPort } from '../domain/orchestrations/workflow-port.ts';
import type { ProfileDeps } from '../domain/organizations/people.ts';
import type { SkillDeps } from '../domain/skills/organization-skills.ts';
import type { SteerDeps } from '../domain/steering/steer.ts';
import type { ToolCallDeps } from '../domain/tools/tool-call.ts';
import type { ToolHost } from '../domain/tools/tool-host.ts';
import type { Logger } from '../logging.ts';
import type { OrganizationPayloadCodec } from '../adapters/temporal/payload-codec.ts';
import type { OurClient } from '../domain/connections/connection-ports.ts';
import type { McpSessions } from './mcp/sessions.ts';
import type { ErrorDeps } from './problems.ts';

/** What the entries need: what the domain's functions need, and what belongs to HTTP; `main.ts` puts the real things here. */
export interface ApiDeps
  extends
    CancelDeps,
    ConnectDeps,
    ErrorDeps,
    GrantDeps,
    HealthDeps,
    KeyPoolDeps,
    LimitDeps,
    PolicyDeps,
    ProfileDeps,
    SkillDeps,
    SteerDeps,
    ToolCallDeps,
    UndoDeps {
  readonly log: Logger;
  readonly hub: EventHub;
  readonly workflows: WorkflowPort;
  /** Tools of every organization's connections. */
  readonly tools: ToolHost;
  /** Where Temporal's Web UI shows our namespace. */
  readonly temporalUiUrl: string | null;
  readonly webDir: string;
  /** The agents that requests can name: one for each file of `agents/`. */
  readonly agents: ReadonlyMap<AgentId, AgentDefinition>;
  /** Of other programs that use tools over MCP. */
  readonly mcpSessions: McpSessions;
  readonly mcpProgress: McpProgress;
  /** Decrypts what Temporal keeps, for the organization that it belongs to. */
  readonly payloadCodec: OrganizationPayloadCodec;
  /** Our client as authorization servers read it. */
  readonly describeClient: (our: OurClient) => Record<string, unknown>;
}

/** Tells progress to an MCP client that asked for it; undefined for one that did not. */
type McpProgress = (
  extra: RequestHandlerExtra<ServerRequest, ServerNotification>,
) => ((message: string, share?: number) => void) | undefined;

/** What a request carries through the middleware. */
export interface ApiEnv {
  /** What node-server gives; nothing where the API is called without a server. */
  Bindings: { readonly outgoing?: Pick<ServerResponse, 'destroy'> } | undefined;
  Variables: { principal: Principal; tokenHash: Buffer; requestId: string };
}
