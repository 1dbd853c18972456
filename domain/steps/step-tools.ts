import type { AgentDefinition } from '../../contracts/agents.ts';
import type { LeftOut } from '../../contracts/tools.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { findSkill } from '../../db/queries/skills.ts';
import type { StepForWork } from '../../db/queries/steps.ts';
import type { StepContextRow } from '../../db/queries/turn-context.ts';
import type { WantedCall } from '../models/model-port.ts';
import type { SkillCatalogue } from '../skills/catalogue.ts';
import { LOAD_SKILL, offeredSkills } from '../skills/offer.ts';
import { toAgentTools, type AgentTools } from '../tools/agent-tools.ts';
import type { TaintInputs } from '../tools/taint.ts';
import type { Offer, ToolHost } from '../tools/tool-host.ts';

export interface StepToolsDeps {
  readonly host: Pick<ToolHost, 'offerIn' | 'checkArguments'>;
  readonly skills: SkillCatalogue;
}

/** What the agent may call in this step: by its allow-list, the request's category and the state of the connections. */
export function toStepTools(
  deps: StepToolsDeps,
  agent: AgentDefinition,
  { analysis, message, ...context }: StepContextRow,
  offer: Offer,
  step: StepForWork | undefined,
): AgentTools {
  const own = context.skills.map((skill) => ({ ...skill, body: '', source: 'organization' as const, files: [] }));
  const skills = offeredSkills(agent, { message, named: analysis?.skills ?? [] }, deps.skills.list(), own);
  const { checkArguments } = deps.host;
  const only = step?.kind === 'tool' && step.tool ? { only: step.tool } : {};
  return toAgentTools(agent, offer, { skills, checkArguments, ...only });
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
export async function withTexts(
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

/** What a turn of a step sees that may hold untrusted text. Pure. */
export const taintInputsOf = (
  { orchestrationId, withEarlierAnswers }: { readonly orchestrationId: string; readonly withEarlierAnswers: boolean },
  step: StepForWork | undefined,
  { history, quotes_others: quotesOthers }: Pick<StepContextRow, 'history' | 'quotes_others'>,
): TaintInputs => ({
  orchestrationId,
  stepTainted: quotesOthers || (step?.tainted ?? false),
  buildsOnOthers: withEarlierAnswers,
  conversation: [...new Set(history.flatMap(({ orchestration_id: id }) => id ?? []))],
  plannedTool: step?.kind === 'tool' && step.tool ? { name: step.tool, revision: step.revision } : undefined,
});
