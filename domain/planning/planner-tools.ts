import type { PlanStep, StepRisk } from '../../contracts/plan.ts';
import type { OfferedTool } from '../tools/tool-host.ts';

/** A planner is told of so many tools, each in so many characters. */
const MAX_TOOLS = 80;
const PURPOSE_CHARS = 160;

/** What a planner has to know of the connected tools: names, what they do, and what they may change. */
export function plannerTools(offered: readonly OfferedTool[], message: string): ReadonlyMap<string, string> {
  const words = new Set(wordsOf(message));
  const scored = offered.map((tool, index) => ({ tool, index, score: scoreOf(tool, words) }));
  const chosen = scored
    .toSorted((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, MAX_TOOLS)
    .toSorted((a, b) => a.index - b.index);
  return new Map(chosen.map(({ tool }) => [tool.name, `${purposeOf(tool)} (${tool.risk})`]));
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [];

const scoreOf = ({ name, connection, definition }: OfferedTool, words: ReadonlySet<string>): number =>
  wordsOf(`${name.replaceAll('_', ' ')} ${connection} ${definition.title ?? ''} ${definition.description}`).filter(
    (word) => words.has(word),
  ).length;

const purposeOf = ({ definition }: OfferedTool): string => {
  const line = definition.description.replaceAll(/\s+/g, ' ').trim();
  return line.length <= PURPOSE_CHARS ? line : `${line.slice(0, PURPOSE_CHARS - 1).toWellFormed()}…`;
};

const ORDER: readonly StepRisk[] = ['read', 'write', 'production'];

/** Steps that call a tool risk at least what the tool does, whatever their author says. */
export const withToolRisks = (steps: readonly PlanStep[], offered: readonly OfferedTool[]): PlanStep[] =>
  steps.map((step) => {
    const tool = step.kind === 'tool' ? offered.find(({ name }) => name === step.tool) : undefined;
    return tool && ORDER.indexOf(tool.risk) > ORDER.indexOf(step.risk) ? { ...step, risk: tool.risk } : step;
  });
