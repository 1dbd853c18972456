import type { OrganizationTransaction } from '../../db/organization.ts';
import { isAnyTainted } from '../../db/queries/tool-calls.ts';
import type { OfferedTool } from './tool-host.ts';
import type { CallContext } from './call-context.ts';

/** What decides whether a turn has text in sight that nobody vouches for. */
export type TaintInputs = Pick<
  CallContext,
  'orchestrationId' | 'stepTainted' | 'buildsOnOthers' | 'conversation' | 'plannedTool'
>;

/**
 * Whether a turn sees text that nobody vouches for: what its step has seen already, what it builds upon, what was said
 * before it in the conversation, and what servers that nobody vouches for say of their own tools. Of a tool that a plan
 * names its own words do not count: whoever approves the plan approves that tool.
 */
export async function isTainted(
  trx: OrganizationTransaction,
  { orchestrationId, stepTainted, buildsOnOthers, conversation, plannedTool }: TaintInputs,
  offered: readonly OfferedTool[],
): Promise<boolean> {
  if (stepTainted || offered.some(({ name, unvouched }) => unvouched === true && name !== plannedTool?.name))
    return true;
  return isAnyTainted(trx, buildsOnOthers ? [orchestrationId, ...conversation] : conversation);
}
