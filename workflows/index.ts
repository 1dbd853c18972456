export { orchestrationWorkflow } from './orchestration.workflow.ts';
export { undoWorkflow } from './undo.workflow.ts';
