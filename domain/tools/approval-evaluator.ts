import type { Approval, ApprovalPolicy } from '../../contracts/approval.ts';
import type { AskReason } from '../../contracts/tools.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { listEffectsOfStep } from '../../db/queries/effects.ts';
import { findApprovedPlan } from '../../db/queries/plans.ts';
import { getApprovalPolicy } from '../../db/queries/organizations.ts';
import type { ToolCall } from '../../db/queries/tool-calls.ts';
import type { OfferedTool } from './tool-host.ts';
import type { CallContext } from './taint.ts';

/** A call that a turn wants, with what was found out about it. */
interface WantedChange {
  readonly tool: OfferedTool;
  readonly args: Readonly<Record<string, unknown>>;
  readonly tainted: boolean;
  readonly carriesOut: boolean;
}

/** Says whether a human is asked before a call; it remembers what the turn has been granted. */
export type ApprovalEvaluator = (call: WantedChange) => ApprovalNeed;

/**
 * Creates the evaluator of one turn. A plan that was approved covers the one call that its step was made for, where the
 * plan has shown what it is called with: a second one, in this turn or a later one, or one with arguments found later,
 * was not part of it.
 */
export async function createApprovalEvaluator(
  trx: OrganizationTransaction,
  context: CallContext,
): Promise<ApprovalEvaluator> {
  const { orchestrationId, step, plannedTool } = context;
  const { policy } = await getApprovalPolicy(trx);
  const plan = plannedTool && (await findApprovedPlan(trx, orchestrationId, plannedTool.revision));
  const made = await listEffectsOfStep(trx, { orchestrationId, step });
  let isUsed = made.some(({ state, tool }) => state !== 'FAILED' && tool === plannedTool?.name);
  return ({ tool, args, tainted, carriesOut }) => {
    const isNamed = plannedTool?.name === tool.name && plan !== undefined && !isUsed;
    const isPlanned = isNamed && isShown(args, shownOfStep(plan, step));
    if (isPlanned) isUsed = true;
    return approvalNeed({ ...tool, tainted, plannedAndApproved: isPlanned, carriesOut }, policy);
  };
}

interface CallOccasion extends Pick<OfferedTool, 'risk' | 'alwaysAsks' | 'alwaysAllowed'> {
  /** Its arguments may come from untrusted text. */
  readonly tainted: boolean;
  /** A human has approved a plan that showed exactly this call for exactly this step. */
  readonly plannedAndApproved: boolean;
  /** It would tell its server what others have told us. */
  readonly carriesOut?: boolean;
}

interface ApprovalNeed {
  /** Why a human is asked; none: nobody is. */
  readonly reasons: AskReason[];
  /** Why one would be, were it not for what is set now; undefined: for nothing. Kept, for a setting may be taken back. */
  readonly waived: AskReason[] | undefined;
}

const STRICTEST: Pick<ApprovalPolicy, 'risks' | 'untrusted'> = { risks: ['write', 'production'], untrusted: true };

/** Why a human is asked before a call, and why not where only a setting says so. Pure. */
export function approvalNeed(
  occasion: CallOccasion,
  policy: Pick<ApprovalPolicy, 'risks' | 'untrusted'>,
): ApprovalNeed {
  const reasons = reasonsToAsk(occasion, policy);
  const all = reasonsToAsk({ ...occasion, alwaysAllowed: false }, STRICTEST);
  const waived = all.filter((reason) => !reasons.includes(reason));
  return { reasons, waived: waived.length > 0 ? waived : undefined };
}

/** Whether a human is to be asked by now about a call that nobody was asked about when it was written down. Pure. */
export const isWaiverOver = (
  { waived_reasons: waived, approved }: Pick<ToolCall, 'waived_reasons' | 'approved'>,
  tool: Pick<OfferedTool, 'risk' | 'alwaysAsks' | 'alwaysAllowed'>,
  policy: Pick<ApprovalPolicy, 'risks' | 'untrusted'>,
): boolean =>
  waived !== null &&
  !approved &&
  reasonsToAsk(
    {
      ...tool,
      tainted: waived.includes('untrusted_input'),
      plannedAndApproved: !waived.includes('risk'),
      carriesOut: waived.includes('carries_out'),
    },
    policy,
  ).length > 0;

/**
 * Why a human is asked before a call; none: nobody is. Reads ask only when they carry something out. What was approved
 * with the plan does not ask again for its risk, but untrusted text was not part of the plan. Pure.
 */
function reasonsToAsk(
  { risk, alwaysAsks, alwaysAllowed, tainted, plannedAndApproved, carriesOut = false }: CallOccasion,
  { risks, untrusted }: Pick<ApprovalPolicy, 'risks' | 'untrusted'>,
): AskReason[] {
  if (alwaysAllowed && !alwaysAsks) return [];
  const reads = risk === 'read';
  const reasons: (AskReason | false)[] = [
    !reads && (alwaysAsks || risks.includes(risk)) && !plannedAndApproved && 'risk',
    !reads && untrusted && tainted && 'untrusted_input',
    reads && untrusted && carriesOut && 'carries_out',
  ];
  return reasons.filter((reason) => reason !== false);
}

/**
 * Why a call that nobody was asked about is not made without asking any more: what allowed it, such as an admin's word
 * that this tool is always allowed, was taken back since. Undefined for most.
 */
export async function findWithdrawnPermission(
  trx: OrganizationTransaction,
  row: ToolCall,
  tool: OfferedTool,
): Promise<string | undefined> {
  if (row.waived_reasons === null || row.approved) return undefined;
  const { policy } = await getApprovalPolicy(trx);
  return isWaiverOver(row, tool, policy)
    ? `The permission to call ${row.tool} without asking was withdrawn before this call was sent; nothing was sent. Ask again: call it once more if it is still wanted, and a person is asked first.`
    : undefined;
}

/** All that a plan's approval says of one step. */
const shownOfStep = ({ goal = '', steps = [] }: Approval['plan'], id: string): string => {
  const step = steps.find((one) => one.id === id);
  return [goal, step?.title, step?.instruction].join('\n');
};

/**
 * Whether every value stands in a text that a person has approved, as a word or number of its own; which argument it is
 * meant for the text says in words, so that is not compared. Pure.
 */
export function isShown(args: Readonly<Record<string, unknown>>, text: string): boolean {
  return Object.entries(args).every(([name, value]) => isValueShown(value, name, oneSpaced(text)));
}

function isValueShown(value: unknown, name: string, text: string): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((one) => isValueShown(one, name, text));
  if (typeof value === 'object' && value !== null) {
    const inside = Object.entries(value);
    return inside.length > 0 && inside.every(([key, one]) => isValueShown(one, key, text));
  }
  // A bare yes or no says nothing without the name of what it is about; so does an emptied field.
  if (typeof value !== 'string' && typeof value !== 'number') return standsAlone(`${name}: ${String(value)}`, text);
  const words = oneSpaced(String(value));
  return words === '' ? standsAlone(`${name}: ""`, text) : standsAlone(words, text);
}

const oneSpaced = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** What a longer word, number, address or path is made of. */
const PART = /[\p{L}\p{N}_@./\\~-]/u;
const GOES_BEFORE = /[\p{L}\p{N}_@./\\~-]$|\d[,:]$/u;
/** `OPS` is not in `OPS-12`, nor `/data` in `/data/tmp`. A dot that ends a sentence joins nothing. */
const GOES_ON = /^[\p{L}\p{N}_]|^[@./\\~:-]+[\p{L}\p{N}_]|^,\d/u;
/** Korean words may carry their particles. */
const GOES_ON_IN_KOREAN = /^[\p{N}_]|^[@./\\~:-]+[\p{L}\p{N}_]|^,\d/u;

/** Not as a part of a longer word, number, address or path. */
function standsAlone(words: string, text: string): boolean {
  for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + 1)) {
    const [before, after] = [text.slice(0, at), text.slice(at + words.length)];
    const [first = '', last = ''] = [words.at(0), words.at(-1)];
    const begins = !PART.test(first) || !GOES_BEFORE.test(before);
    const goesOn = /[\uac00-\ud7a3]/.test(last) ? GOES_ON_IN_KOREAN : GOES_ON;
    const ends = !PART.test(last) || !goesOn.test(after);
    if (begins && ends) return true;
  }
  return false;
}
