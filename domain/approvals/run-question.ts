import type { AnswerPolicy, Approval, ApprovalKind, ApprovalPolicy, Choice } from '../../contracts/approval.ts';
import { centsToNanos, nanosToCents } from '../../contracts/money.ts';
import { textsFor, type Texts, ERROR_TEXT, errorSentence, type ErrorCode } from '../../contracts/texts.ts';
import type { QuestionInput } from '../../contracts/workflow.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { costOf } from '../../db/queries/budget.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { listSteps, type Step } from '../../db/queries/steps.ts';
import { createApproval } from './approval.ts';
import { currentPolicy, expiryOf, type PolicyDeps } from './policy.ts';
import type { Language } from '../../contracts/agents.ts';
import type { AskedCall } from '../../contracts/tools.ts';
import { findConnection } from '../../db/queries/connections.ts';
import { findEffect, listEffects } from '../../db/queries/effects.ts';
import { listCallsById, type ToolCall } from '../../db/queries/tool-calls.ts';
import { stepName } from '../../contracts/phases.ts';

/** What can be answered; the first is what APPROVE says. */
const CHOICES: Partial<Record<ApprovalKind, Choice[]>> = {
  budget: ['raise', 'skip', 'stop'],
  healing: ['retry', 'skip', 'stop'],
  loop: ['retry', 'skip', 'stop'],
  replan: ['retry', 'stop'],
  tool: ['skip', 'stop'],
  effect: ['skip', 'done', 'retry', 'stop'],
  reconnect: ['retry', 'skip', 'stop'],
};

export interface RunQuestionDeps extends PolicyDeps {
  /** Where people reach us, for links. */
  readonly publicUrl: string;
}

/** A question while the work runs: what is shown, who may answer, and until when. */
export async function createRunApproval(
  deps: RunQuestionDeps,
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  input: QuestionInput,
  now: number,
): Promise<Approval> {
  const { policy, answers } = await currentPolicy(trx, deps, { askerId: orchestration.user_id, now });
  const { kind, nth } = input;
  const choices = CHOICES[kind];
  const texts = textsFor(orchestration.language);
  const steps = await listSteps(trx, orchestration.id);
  const raise = kind === 'budget' ? toRaise(input.refused) : undefined;
  const spentCents = nanosToCents(await costOf(trx, orchestration.id));
  const details = await loadCallDetails(deps, trx, orchestration, input);
  return createApproval({
    orchestrationId: orchestration.id,
    message: orchestration.message,
    name: `${kind}:${nth}`,
    shown: {
      kind,
      expiresAt:
        kind === 'reconnect' ? expiryAfterADay(now, policy.deadlineMs) : expiryOf(policy, deps.approvalRules, now),
      policy: answerPolicyFor(kind, answers, raise !== undefined),
      plan: {
        agents: orchestration.route?.agents ?? [],
        mode: orchestration.route?.mode ?? 'parallel',
        estimatedCents: raise ? raise.byCents : spentCents,
        worstCaseCents: raise ? raise.byCents : spentCents,
        question: questionText(kind, texts, choices),
        evidence: [...describeEvidence(input, steps, texts, orchestration.language), ...details.evidence],
        ...(details.calls && { calls: details.calls }),
        ...(details.reconnect && { reconnect: details.reconnect }),
        ...(input.step && { stepId: input.step }),
        ...(raise && { raise }),
      },
      ...(choices && { choices }),
    },
  });
}

/** What a refused budget would have to be raised by, rounded up to a whole cent. */
function toRaise(refused: unknown): NonNullable<Approval['plan']['raise']> | undefined {
  if (!Array.isArray(refused)) return undefined;
  const [scope, refusal] = refused as [
    unknown,
    Partial<Record<'period' | 'missingNanos' | 'limitNanos' | 'resetsAt', unknown>>?,
  ];
  if ((scope !== 'organization' && scope !== 'user') || typeof refusal?.missingNanos !== 'number') return undefined;
  const limit = typeof refusal.limitNanos === 'number' ? nanosToCents(refusal.limitNanos) : 0;
  const byCents = Math.ceil(refusal.missingNanos / centsToNanos(1));
  const resetsAt = typeof refusal.resetsAt === 'string' ? { resetsAt: refusal.resetsAt } : {};
  return { scope, period: String(refusal.period), byCents, limitCents: limit, ...resetsAt };
}

/** Whoever may approve a step may also decide how a failed one goes on; only an admin raises a budget. */
function answerPolicyFor(kind: ApprovalKind, answers: AnswerPolicy, raises: boolean): AnswerPolicy {
  // Everybody who may work in the organization may renew access: that alone changes nothing outside.
  if (kind === 'reconnect') return { ...answers, roles: ['admin', 'user'], asker: true, notAsker: false, quorum: 1 };
  const alone = kind !== 'step' && kind !== 'tool';
  return { ...answers, quorum: alone ? 1 : answers.quorum, ...(raises && { adminChoices: ['raise'] }) };
}

/** A person has to sign in at another site for it, so it waits for a day at least. */
const expiryAfterADay = (now: number, deadlineMs: ApprovalPolicy['deadlineMs']): string =>
  new Date(now + Math.max(86_400_000, deadlineMs ?? 0)).toISOString();

function questionText(kind: ApprovalKind, texts: Texts, choices: readonly Choice[] | undefined): string {
  if (kind === 'tool') return texts.tools.ask;
  if (kind === 'effect') return texts.tools.effectUnknown;
  if (kind === 'reconnect') return texts.tools.reconnectHow;
  return choices ? texts.choose(choices.map((choice) => texts.choices[choice])) : texts.question;
}

/** What a question about calls shows of them. */
interface CallDetails {
  readonly calls?: AskedCall[];
  readonly reconnect?: NonNullable<Approval['plan']['reconnect']>;
  readonly evidence: readonly string[];
}

/** The calls as they stand in the rows that will be run: what is shown is what is done. */
async function loadCallDetails(
  deps: { readonly publicUrl: string },
  trx: OrganizationTransaction,
  { id, language }: Orchestration,
  { kind, calls = [] }: Pick<QuestionInput, 'kind' | 'calls'>,
): Promise<CallDetails> {
  if (calls.length === 0) return { evidence: [] };
  const rows = await listCallsById(trx, id, calls);
  const connections = new Map<string, string>();
  for (const connectionId of new Set(rows.flatMap((row) => row.connection_id ?? [])))
    connections.set(connectionId, (await findConnection(trx, connectionId))?.name ?? '');
  const nameOf = (row: ToolCall) => connections.get(row.connection_id ?? '') || (row.tool.split('__')[0] ?? '');
  const [first] = rows;
  const asked = rows.map((row) => ({
    id: row.id,
    tool: row.tool,
    connection: nameOf(row),
    risk: row.risk,
    arguments: row.arguments,
    reasons: row.reasons,
  }));
  if (kind === 'reconnect' && first?.connection_id) {
    const connection = nameOf(first);
    const url = `${deps.publicUrl}/connections/${first.connection_id}`;
    const reconnect = { connectionId: first.connection_id, connection, url };
    return { reconnect, evidence: [textsFor(language).tools.reconnectAsk(connection)] };
  }
  const earlier = await describeEarlierAttempts(trx, id, rows, textsFor(language));
  if (kind !== 'effect') return { calls: asked, evidence: earlier };
  const effect = first?.effect_key ? await findEffect(trx, first.effect_key) : undefined;
  return { calls: asked, evidence: [...(effect?.detail ? [effect.detail] : []), ...earlier] };
}

const MAX_ATTEMPTS = 3;
const ATTEMPT_CHARS = 300;

/** Whoever approves a change sees what became of it when it was wanted before in this job, the newest last. */
async function describeEarlierAttempts(
  trx: OrganizationTransaction,
  orchestrationId: string,
  rows: readonly ToolCall[],
  { tools: { earlierAttempt } }: Texts,
): Promise<string[]> {
  const changes = rows.filter(({ risk }) => risk !== 'read');
  if (changes.length === 0) return [];
  const effects = await listEffects(trx, orchestrationId);
  return changes.flatMap(({ tool, arguments_hash: hash, effect_key: own }) =>
    effects
      .filter((one) => one.tool === tool && one.arguments_hash === hash && one.key !== own)
      .slice(-MAX_ATTEMPTS)
      .map(({ state, detail }) => earlierAttempt(tool, state, detail?.slice(0, ATTEMPT_CHARS).toWellFormed())),
  );
}

const isErrorCode = (code: string): code is ErrorCode => code in ERROR_TEXT;

/** What happened, for people: which step, and why it cannot continue by itself. Pure. */
function describeEvidence(
  { kind, step: id, evidence = [] }: Pick<QuestionInput, 'kind' | 'step' | 'evidence'>,
  steps: readonly Step[],
  texts: Texts,
  language: Language,
): string[] {
  const step = steps.find((one) => one.id === id);
  // A question about calls shows the calls themselves; without a plan the step is no more than the agent's name.
  const isNamed = step && kind !== 'tool' && (step.revision > 0 || (kind !== 'effect' && kind !== 'reconnect'));
  const words = evidence.map((code) => {
    if (code === 'same_call' || code === 'ping_pong') return texts.circles[code];
    return code === 'plan_refused' ? texts.planRefused : isErrorCode(code) ? errorSentence(code, language) : code;
  });
  const instruction = kind === 'step' && step?.instruction ? [step.instruction] : [];
  return [
    ...(isNamed ? [stepName(step)] : []),
    ...instruction,
    ...words,
    ...(kind === 'budget' ? [texts.budgetPaused] : []),
  ];
}
