import type { AgentDefinition } from '../../contracts/agents.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { LeftOut } from '../../contracts/tools.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import type { Message } from '../../db/queries/messages.ts';
import { lockOrchestration, updateOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { findSkill, listSkillHeads } from '../../db/queries/skills.ts';
import { setStep, type StepForWork } from '../../db/queries/steps.ts';
import { LOAD_SKILL, offeredSkills } from '../skills/offer.ts';
import { toAgentTools, type AgentTools } from '../tools/agent-tools.ts';
import type { TaintInputs } from '../tools/taint.ts';
import { writeWantedCalls } from '../tools/wanted-calls.ts';
import type { WantedCall } from '../models/model-port.ts';
import type { StepTarget, StepTurnDeps } from './step-turn.ts';

/** What the agent may call in this step: by its allow-list, the request's category and the state of the connections. */
export async function loadTools(
  trx: OrganizationTransaction,
  deps: Pick<StepTurnDeps, 'host' | 'skills'>,
  agent: AgentDefinition,
  { orchestration, row }: { orchestration: Orchestration; row: StepForWork | undefined },
): Promise<AgentTools> {
  const { organization_id: organizationId, user_id: userId, category, analysis } = orchestration;
  const offer = await deps.host.offerIn(trx, { organizationId, userId }, category ?? undefined);
  const skills = offeredSkills(agent, analysis?.skills ?? [], deps.skills.list(), await listSkillHeads(trx));
  return toAgentTools(agent, offer, { skills, ...(row?.kind === 'tool' && row.tool && { only: row.tool }) });
}

/** Tells people which connections could not be used. Whoever calls this holds the orchestration's row. */
export async function setLeftOut(
  trx: OrganizationTransaction,
  { id, left_out: before }: Orchestration,
  leftOut: readonly LeftOut[],
): Promise<void> {
  if (leftOut.length === 0 || JSON.stringify(before) === JSON.stringify(leftOut)) return;
  await trx
    .updateTable('orchestrations')
    .set({ left_out: JSON.stringify(leftOut) })
    .where('id', '=', id)
    .execute();
}

/** The organization's own skills come with their texts once somebody loads them. */
async function withTexts(
  trx: OrganizationTransaction,
  tools: AgentTools,
  calls: readonly WantedCall[],
): Promise<AgentTools> {
  const wanted = new Set(calls.filter(({ name }) => name === LOAD_SKILL).map(({ input }) => input['name']));
  const skills = [];
  for (const skill of tools.skills) {
    const loads = skill.source === 'organization' && wanted.has(skill.name);
    skills.push((loads && (await findSkill(trx, skill.name))) || skill);
  }
  return { ...tools, skills };
}

interface Wanting {
  readonly calls: readonly WantedCall[];
  readonly tools: AgentTools;
  /** Of the try so far. */
  readonly costNanos: number;
  readonly conversation: readonly Message[];
  readonly row: StepForWork | undefined;
  readonly turnKey: string;
  readonly input: StepTarget;
}

/** What a turn of a step sees that may hold text nobody vouches for. Pure. */
export const taintInputsOf = (
  { orchestrationId, withEarlierAnswers }: Pick<StepTarget, 'orchestrationId' | 'withEarlierAnswers'>,
  row: StepForWork | undefined,
  conversation: readonly Message[],
): TaintInputs => ({
  orchestrationId,
  stepTainted: row?.tainted ?? false,
  buildsOnOthers: withEarlierAnswers,
  conversation: [...new Set(conversation.flatMap(({ orchestration_id: id }) => id ?? []))],
  plannedTool: row?.kind === 'tool' && row.tool ? { name: row.tool, revision: row.revision } : undefined,
});

/** The turn wants tools called: the calls are written, and the step goes on after them. */
export async function wantCalls(
  trx: OrganizationTransaction,
  { calls, tools, costNanos, conversation, row, turnKey, input }: Wanting,
): Promise<Orchestration | undefined> {
  const { organizationId, orchestrationId, step = input.agent } = input;
  const { status, language } = await lockOrchestration(trx, orchestrationId);
  const place = { organizationId, step, turnKey, ...taintInputsOf(input, row, conversation) };
  await writeWantedCalls(trx, place, calls, await withTexts(trx, tools, calls));
  await setStep(trx, { orchestrationId, id: step }, { cost_nanos: costNanos });
  if (status === 'awaiting_approval') return undefined;
  const [first] = calls;
  return updateOrchestration(trx, {
    id: orchestrationId,
    set: { step: textsFor(language).tools.callingTool(first?.name ?? '') },
  });
}
