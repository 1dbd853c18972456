import type { KnownBlock } from '@slack/web-api';
import type { AnswerPolicy, Approval } from '../../contracts/approval.ts';
import { agentName } from '../../contracts/phases.ts';
import { textsFor, type Texts } from '../../contracts/texts.ts';
import type { ReportState } from '../../domain/reports/report-state.ts';
import {
  cents,
  clock,
  context,
  cut,
  quoted,
  resetClock,
  section,
  sections,
  showAll,
  type BlockMessage,
} from './block-kit.ts';
import { callLines, callTitles, reconnectLink, wholeCall } from './tool-lines.ts';
import { healingLines, phaseLines, proposedLines, steeringLines, titleLines, wholeSteps } from './work-lines.ts';

const GOAL_CHARS = 500;
const EVIDENCE_CHARS = 2_400;
/** The list of titles leaves room for the price and the question, which must not be cut away. */
const TITLES_CHARS = 2_400;
const PLAN_SECTIONS = 20;
const PROGRESS_SECTIONS = 6;
const CALL_SECTIONS = 16;
/** As people think of them; what APPROVE stands for is the first of the question's own order. */
const CHOICE_ORDER = ['raise', 'done', 'retry', 'skip', 'stop'] as const;

/** Answers that make nothing happen, so nobody has to have seen all of the question. */
const DECLINES: readonly string[] = ['skip', 'stop'];

/**
 * A question to people: what it is about, what it costs, who may answer, until when, and with which words. Where not all
 * of it has room, it says so instead of asking for a yes, and links to where it is whole.
 */
export function questionMessage(state: ReportState, approval: Approval, jobUrl: string): BlockMessage {
  const texts = textsFor(state.orchestration.language);
  const { plan, kind, choices = [] } = approval;
  const title = `⏳ ${texts.plan.titles[kind]}`;
  const evidence = evidenceOf(state, approval, texts);
  const steering = steeringLines(state.steering, texts);
  const price = priceOf(approval, texts);
  const goal = plan.goal ? quoted(plan.goal, GOAL_CHARS) : '';
  const subject = subjectBlocks(state, approval, evidence);
  const isCut = !showAll(subject, wholeOf(approval));
  const words = CHOICE_ORDER.filter((choice) => choices.includes(choice) && (!isCut || DECLINES.includes(choice)))
    .map((choice) => texts.plan.choices[choice])
    .join(' · ');
  const question = isCut ? texts.plan.notWhole : plan.question;
  const link = isCut ? `<${jobUrl}|${texts.plan.readWhole}>` : '';
  const titles = cut(titleLines(plan.steps ?? []).join('\n'), TITLES_CHARS);
  const calls = plan.calls?.length ? callTitles(plan.calls, texts) : [];
  const text = [`${title}.`, goal, titles, ...evidence, ...calls, plan.steps && price, question, link, words];
  return {
    text: text.filter(Boolean).join(plan.steps || evidence.length || calls.length ? '\n' : ' '),
    blocks: [
      section(`*${title}*`),
      ...subject,
      ...(plan.reconnect?.url ? [section(reconnectLink(plan.reconnect, texts))] : []),
      ...(plan.steps || !state.plan
        ? []
        : sections(phaseLines(state.steps, texts), PROGRESS_SECTIONS, texts.plan.more)),
      ...(plan.steps ? [section(`*${price}*`)] : []),
      section([`*${question}*`, link, words].filter(Boolean).join('\n')),
      ...(steering.length ? [context(steering.join('\n'))] : []),
      context(answerersLine(approval, texts)),
    ],
    ...(isCut && { isCut }),
  };
}

/** What is asked about: the goal and steps of a plan, what has happened, and the calls that wait. */
function subjectBlocks({ orchestration }: ReportState, approval: Approval, evidence: readonly string[]): KnownBlock[] {
  const texts = textsFor(orchestration.language);
  const { plan, kind } = approval;
  const facts = factsOf(approval, texts);
  return [
    ...(facts.length ? [section(facts.join('\n'))] : []),
    ...sections(proposedLines(plan.steps ?? [], texts), PLAN_SECTIONS, texts.plan.more),
    ...evidenceBlocks(evidence, kind === 'tool' ? texts.tools.askedBy : texts.plan.evidence, texts),
    ...sections(callLines(plan.calls ?? [], texts), CALL_SECTIONS, texts.plan.more),
  ];
}

/** Everything that whoever approves has to have seen, in that order. */
const wholeOf = ({ plan }: Approval): string[] => [
  ...(plan.goal && plan.steps ? [quoted(plan.goal, Infinity)] : []),
  ...wholeSteps(plan.steps ?? []),
  ...(plan.evidence ?? []).map((line) => quoted(line, Infinity)),
  ...(plan.calls ?? []).flatMap(wholeCall),
];

const evidenceBlocks = (evidence: readonly string[], heading: string, texts: Texts): KnownBlock[] =>
  evidence.length ? sections([`*${heading}*`, ...evidence], 3, texts.plan.more) : [];

/** What a question is about, in a line each. */
function factsOf({ plan, kind }: Approval, texts: Texts): string[] {
  if (plan.steps) return plan.goal ? [`*${texts.plan.goal}:* ${quoted(plan.goal, GOAL_CHARS)}`] : [];
  // While the work runs the cents are what is spent already; a refused budget says what it lacks.
  if (kind !== 'cost' && kind !== 'requested')
    return plan.raise ? [] : [`*${texts.plan.spent}:* ${cents(plan.estimatedCents)}`];
  const names = plan.agents.map(({ agent }) => agentName(agent)).join(', ');
  return [
    `*${texts.agents}:* ${names}`,
    `*${texts.estimate}:* ${cents(plan.estimatedCents)} (${texts.worstCase} ${cents(plan.worstCaseCents)})`,
  ];
}

function priceOf({ plan }: Approval, texts: Texts): string {
  const steps = plan.steps ?? [];
  const phases = new Set(steps.map(({ phase }) => phase)).size;
  return [
    `${texts.estimate}: ${cents(plan.estimatedCents)} (${texts.worstCase} ${cents(plan.worstCaseCents)})`,
    ...(plan.minutes === undefined ? [] : [texts.plan.minutes(plan.minutes)]),
    texts.plan.total(steps.length, phases),
  ].join(' · ');
}

/** What led to a question in the middle of the work: the step, what happened, what would be done about it. */
function evidenceOf({ steps, healing }: ReportState, { plan, kind }: Approval, texts: Texts): string[] {
  const { stepId, evidence = [], raise, action } = plan;
  const title = kind === 'tool' ? undefined : steps.find(({ id }) => id === stepId)?.title || stepId;
  const tried = kind === 'healing' ? healing.filter(({ step_id: id }) => !stepId || id === stepId) : [];
  return [
    ...(title && evidence.length === 0 ? [`${texts.plan.step}: ${quoted(title, GOAL_CHARS)}`] : []),
    ...evidence.map((line) => `• ${quoted(line, EVIDENCE_CHARS)}`),
    ...healingLines(tried, texts),
    ...(raise ? [raiseLine(raise, texts)] : []),
    ...(action ? [`${texts.plan.proposed}: ${texts.healingActions[action]}`] : []),
  ];
}

/** What a budget lacks, and when it is whole again by itself. */
function raiseLine(
  { scope, period, byCents, limitCents }: NonNullable<Approval['plan']['raise']>,
  texts: Texts,
): string {
  const lacks = texts.plan.raise(scope, quoted(period, 40), cents(byCents), cents(limitCents));
  const known = (['day', 'month', 'year'] as const).find((one) => one === period);
  return `💰 ${lacks}${known ? `. ${texts.words.resets(resetClock(known, new Date()))}` : ''}`;
}

/** Who may answer, how many of them have, and until when. */
function answerersLine({ policy, approvals = [], expiresAt }: Approval, texts: Texts): string {
  const { plan } = texts;
  const { quorum = 1, escalation, adminChoices = [] } = policy;
  const escalated = escalation && namesOf(escalation, texts);
  const parts = [
    plan.who(namesOf(policy, texts)),
    ...(policy.notAsker ? [plan.notAsker] : []),
    ...(adminChoices.length ? [plan.onlyAdmin(adminChoices.map((choice) => texts.choices[choice]).join(', '))] : []),
    ...(escalated?.length ? [plan.later(clock(escalation?.at ?? ''), escalated)] : []),
    ...(quorum > 1 ? [`*${plan.quorum(approvals.length, quorum)}*`] : []),
    `${texts.until} ${clock(expiresAt)}`,
  ];
  return parts.join(' · ');
}

function namesOf(
  { asker, notAsker, roles, users = [], delegates = [] }: Partial<AnswerPolicy>,
  { plan: { people } }: Texts,
): string[] {
  const ofRole = (role: string) => (role === 'admin' || role === 'user' ? people[role] : role);
  return [
    ...(asker && !notAsker ? [people.asker] : []),
    ...(roles ?? []).map(ofRole),
    ...(users.length ? [people.named(users.length)] : []),
    ...(delegates.length ? [people.delegates(delegates.length)] : []),
  ];
}
