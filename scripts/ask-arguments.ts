import { parseArgs } from 'node:util';
import { AgentId } from '../contracts/agents.ts';
import type { OrchestrateRequest } from '../contracts/orchestration.ts';

export const USAGE = `Asks Nubabel and shows the work live.
  npm run ask -- "Draft a launch tweet and check the budget for it"
    --session <id>       continue a conversation
    --agents brand,…     choose who works on it
    --require-approval   show the plan before any work starts
    --plan <when>        make a plan first: auto, always or never
    --dry-run            show what would happen and cost, and do nothing
    --json               print the finished job as JSON`;

/** What was typed, as a request. */
export interface Arguments {
  readonly request: OrchestrateRequest;
  readonly json: boolean;
}

/** Reads the command line; throws a sentence for people when it makes no sense. */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      session: { type: 'string' },
      agents: { type: 'string' },
      'require-approval': { type: 'boolean', default: false },
      plan: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const message = positionals.join(' ').trim();
  if (values.help || message === '') throw new Error(USAGE);
  return {
    request: {
      message,
      ...(values.session === undefined ? {} : { sessionId: values.session }),
      ...(values.agents === undefined ? {} : { agents: values.agents.split(',').map(toAgent) }),
      ...(values['require-approval'] ? { requireApproval: true } : {}),
      ...(values.plan === undefined ? {} : { plan: toPlanning(values.plan) }),
      ...(values['dry-run'] ? { dryRun: true } : {}),
    },
    json: values.json,
  };
}

const PLANNING = ['auto', 'always', 'never'] as const;

function toPlanning(word: string): (typeof PLANNING)[number] {
  const planning = PLANNING.find((known) => known === word.trim().toLowerCase());
  if (!planning) throw new Error(`--plan takes ${PLANNING.join(', ')}, not "${word}".`);
  return planning;
}

function toAgent(name: string): AgentId {
  const agent = AgentId.safeParse(name.trim().toLowerCase());
  if (!agent.success)
    throw new Error(`There is no agent "${name.trim()}". Choose from: ${AgentId.options.join(', ')}.`);
  return agent.data;
}
