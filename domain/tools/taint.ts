import type { OrganizationTransaction } from '../../db/organization.ts';
import { findApprovedPlan } from '../../db/queries/plans.ts';
import { isAnyTainted, listAnswersOfOthers } from '../../db/queries/tool-calls.ts';
import { holdsSecretOf, mayHoldSecret } from './carried-secrets.ts';
import { hasOthersWords } from '../../db/queries/turn-context.ts';
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
 * the conversation, what anybody but the asker has said there or to the work, and what untrusted servers say of the tools that stand in its request. Of the tool of an approved
 * plan its own words do not count: whoever approved the plan approved that tool.
 */
export async function isTainted(
  trx: OrganizationTransaction,
  inputs: TaintInputs,
  inRequest: readonly Pick<OfferedTool, 'name' | 'untrusted'>[],
): Promise<boolean> {
  const { orchestrationId, buildsOnOthers, conversation } = inputs;
  if (await isTaintedByTools(trx, inputs, inRequest)) return true;
  if (await hasOthersWords(trx, orchestrationId, conversation)) return true;
  return isAnyTainted(trx, buildsOnOthers ? [orchestrationId, ...conversation] : conversation);
}

/** The part of `isTainted` that its step and the tools in its request decide. */
export async function isTaintedByTools(
  trx: OrganizationTransaction,
  { orchestrationId, stepTainted, plannedTool }: Pick<TaintInputs, 'orchestrationId' | 'stepTainted' | 'plannedTool'>,
  inRequest: readonly Pick<OfferedTool, 'name' | 'untrusted'>[],
): Promise<boolean> {
  const strangers = inRequest.filter(({ untrusted }) => untrusted === true);
  if (stepTainted || strangers.some(({ name }) => name !== plannedTool?.name)) return true;
  return (
    strangers.length > 0 &&
    plannedTool !== undefined &&
    !(await findApprovedPlan(trx, orchestrationId, plannedTool.revision))
  );
}

/**
 * Whether a read would tell its server what other connections have told the turn. An untrusted server may note whatever
 * it is asked for, so any read counts once something of others is known; elsewhere only a secret does.
 */
export async function carriesOut(
  trx: OrganizationTransaction,
  context: Pick<CallContext, 'orchestrationId' | 'step' | 'buildsOnOthers' | 'conversation'>,
  { connectionId, untrusted }: OfferedTool,
  args: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  if (Object.keys(args).length === 0 || (untrusted !== true && !mayHoldSecret(args))) return false;
  const { orchestrationId, step, buildsOnOthers, conversation } = context;
  const told = await listAnswersOfOthers(trx, {
    connectionId,
    orchestrationId,
    step: buildsOnOthers ? null : step,
    conversation,
  });
  return untrusted === true ? told.length > 0 : holdsSecretOf(args, told);
}

/** What a first-party tool answers to a change is made by us: ids and addresses, no text of others. */
export const hasVerifiedEffects = ({
  canReadBack,
  canUndo,
  takesEffectKey,
}: Pick<OfferedTool, 'canReadBack' | 'canUndo' | 'takesEffectKey'>): boolean =>
  canReadBack || canUndo || takesEffectKey;
