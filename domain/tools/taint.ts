import type { OrganizationTransaction } from '../../db/organization.ts';
import { isAnyTainted } from '../../db/queries/tool-calls.ts';
import type { OfferedTool } from './tool-host.ts';

/** The turn that wants tools called: all that decides about its calls. */
export interface CallContext {
  readonly organizationId: string;
  readonly orchestrationId: string;
  readonly step: string;
  readonly turnKey: string;
  /** Untrusted text has been part of the step already. */
  readonly stepTainted: boolean;
  /** The step was told what other steps have answered. */
  readonly buildsOnOthers: boolean;
  /** Earlier orchestrations whose words the step was told. */
  readonly conversation: readonly string[];
  /** Of a step that a plan made for one tool. */
  readonly plannedTool: { readonly name: string; readonly revision: number } | undefined;
}

/** What decides whether a turn sees untrusted text. */
export type TaintInputs = Pick<
  CallContext,
  'orchestrationId' | 'stepTainted' | 'buildsOnOthers' | 'conversation' | 'plannedTool'
>;

/**
 * Whether a turn sees untrusted text: what its step has seen already, what it builds upon, what was said before it in
 * the conversation, and what untrusted servers say of their own tools. Of a tool that a plan names its own words do not
 * count: whoever approves the plan approves that tool.
 */
export async function isTainted(
  trx: OrganizationTransaction,
  { orchestrationId, stepTainted, buildsOnOthers, conversation, plannedTool }: TaintInputs,
  offered: readonly OfferedTool[],
): Promise<boolean> {
  if (stepTainted || offered.some(({ name, untrusted }) => untrusted === true && name !== plannedTool?.name))
    return true;
  return isAnyTainted(trx, buildsOnOthers ? [orchestrationId, ...conversation] : conversation);
}

/** What a first-party tool answers to a change is made by us: ids and addresses, no text of others. */
export const hasVerifiedEffects = ({
  canReadBack,
  canUndo,
  takesEffectKey,
}: Pick<OfferedTool, 'canReadBack' | 'canUndo' | 'takesEffectKey'>): boolean =>
  canReadBack || canUndo || takesEffectKey;
