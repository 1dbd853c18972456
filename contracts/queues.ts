/** Task queues, one per worker pool. */
export const QUEUE = { orchestration: 'orchestration' } as const;

/** Workflow type names as Temporal's UI and every kept history show them. */
export const WORKFLOW = { orchestration: 'orchestrationWorkflow' } as const;

const PREFIX = 'orchestration-';

/** The workflow id of an orchestration: unguessable because the id is random, stable because the inbox row keeps it. */
export const orchestrationWorkflowId = (orchestrationId: string): string => `${PREFIX}${orchestrationId}`;
