export { orchestrationWorkflow } from './orchestration.workflow.ts';
