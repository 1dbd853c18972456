import type { Selectable, Updateable } from 'kysely';
import type { AgentId } from '../../contracts/agents.ts';
import type { AgentChoice } from '../../contracts/orchestration.ts';
import type { OrchestrationAgentsTable } from '../tables/work.ts';
import type { OrganizationTransaction } from '../organization.ts';

export type AgentRun = Selectable<OrchestrationAgentsTable>;

/** Safe to repeat: agents that are there already keep their state. */
export const insertAgents = (
  trx: OrganizationTransaction,
  input: { organizationId: string; orchestrationId: string; agents: AgentChoice[] },
) =>
  trx
    .insertInto('orchestration_agents')
    .values(
      input.agents.map(({ agent, relevance }, position) => ({
        organization_id: input.organizationId,
        orchestration_id: input.orchestrationId,
        agent,
        position,
        relevance,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();

export const listAgents = (trx: OrganizationTransaction, orchestrationId: string): Promise<AgentRun[]> =>
  trx
    .selectFrom('orchestration_agents')
    .selectAll()
    .where('orchestration_id', '=', orchestrationId)
    .orderBy('position')
    .execute();

/** Agents of several orchestrations at once, for lists. */
export const listAgentsOf = (trx: OrganizationTransaction, orchestrationIds: string[]): Promise<AgentRun[]> =>
  orchestrationIds.length === 0
    ? Promise.resolve([])
    : trx
        .selectFrom('orchestration_agents')
        .selectAll()
        .where('orchestration_id', 'in', orchestrationIds)
        .orderBy('position')
        .execute();

export const setAgent = (
  trx: OrganizationTransaction,
  key: { orchestrationId: string; agent: AgentId },
  set: Updateable<OrchestrationAgentsTable>,
) =>
  trx
    .updateTable('orchestration_agents')
    .set(set)
    .where('orchestration_id', '=', key.orchestrationId)
    .where('agent', '=', key.agent)
    .execute();
