import { ownValue } from './json.ts';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { OrchestrationTarget } from './workflow.ts';

/** Task queues, one per worker pool. */
export const QUEUE = { orchestration: 'orchestration', salesforce: 'salesforce', localOps: 'local-ops' } as const;

/** Worker pools by name: which queue each works on. How many activities each runs at once comes from configuration. */
export const POOLS = {
  orchestration: QUEUE.orchestration,
  salesforce: QUEUE.salesforce,
  'local-ops': QUEUE.localOps,
} as const;
export type PoolName = keyof typeof POOLS;
export const POOL_NAMES = Object.keys(POOLS) as PoolName[];

/** Which pool calls a provider's tools: what is not named works where everything does. */
const POOL_OF_PROVIDER: Readonly<Record<string, PoolName>> = {
  salesforce: 'salesforce',
  delegate: 'local-ops',
};
export const queueOfProvider = (provider: string): string =>
  POOLS[ownValue(POOL_OF_PROVIDER, provider) ?? 'orchestration'];

/** Workflow type names as Temporal's UI and every kept history show them. */
export const WORKFLOW = { orchestration: 'orchestrationWorkflow', undo: 'undoWorkflow' } as const;

/** Messages of an orchestration by name: updates for callers who want an answer, signals from public Slack threads, a query. */
export const MESSAGE = {
  decide: 'decide',
  decideFromSlack: 'decideFromSlack',
  steer: 'steer',
  steerFromSlack: 'steerFromSlack',
  stage: 'stage',
  undo: 'undo',
} as const;

/** The detail of a refused message that the workflow has written down itself. */
export const RECORDED = 'recorded';

/**
 * The workflow id of an orchestration: unguessable because the id is random, stable because the inbox row keeps it. It
 * ends with the organization, which is all that the payload codec knows of whose payloads it encrypts.
 */
export const orchestrationWorkflowId = ({ organizationId, orchestrationId }: OrchestrationTarget): string =>
  `orchestration-${orchestrationId}-${organizationId}`;

/** The workflow that takes back what an orchestration has changed; there is one at most. */
export const undoWorkflowId = ({ organizationId, orchestrationId }: OrchestrationTarget): string =>
  `undo-${orchestrationId}-${organizationId}`;

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const WORKFLOW_ID = new RegExp(`^(?:orchestration|undo)-${UUID}-(${UUID})$`);

/** The organization that a workflow id names; undefined for one that is not ours. */
export const organizationOfWorkflow = (workflowId: string): string | undefined => WORKFLOW_ID.exec(workflowId)?.[1];

/** Search attributes are stored in plain text: organization id, status and category only. */
export const SEARCH_ATTRIBUTE = {
  organization: defineSearchAttributeKey('NubabelOrganization', SearchAttributeType.KEYWORD),
  status: defineSearchAttributeKey('NubabelStatus', SearchAttributeType.KEYWORD),
  category: defineSearchAttributeKey('NubabelCategory', SearchAttributeType.KEYWORD),
} as const;

export const SEARCH_ATTRIBUTE_NAMES = ['NubabelOrganization', 'NubabelStatus', 'NubabelCategory'] as const;
