import { parseArgs } from 'node:util';
import type { AgentId } from '../contracts/agents.ts';
import type { OrchestrateRequest } from '../contracts/orchestration.ts';
import { listAgentIds } from '../domain/agents/load.ts';
import { readRunningSystem } from '../dev/running.ts';

const USAGE = `Asks Nubabel and shows the work live.
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
export function parseArguments(args: readonly string[]): Arguments {
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
  const known = listAgentIds();
  const agent = known.find((id) => id === name.trim().toLowerCase());
  if (agent === undefined) throw new Error(`There is no agent "${name.trim()}". Choose from: ${known.join(', ')}.`);
  return agent;
}

export interface Address {
  readonly baseUrl: string;
  readonly token: string;
}

const DEFAULT_URL = 'http://127.0.0.1:3000';

/** Where Nubabel is and how to speak to it: from the environment, else from what `npm start` left for scripts. */
export function findAddress(
  env: Readonly<Record<string, string | undefined>>,
  readRunning: typeof readRunningSystem = readRunningSystem,
): Address {
  const running =
    env['NUBABEL_URL'] && env['NUBABEL_DEV_TOKEN'] ? undefined : readRunning(env['NUBABEL_DATA_DIR'] || '.data');
  const baseUrl = (env['NUBABEL_URL'] || running?.apiUrl)?.replace(/\/+$/, '');
  const token = env['NUBABEL_DEV_TOKEN'] || running?.token;
  if (baseUrl === undefined) throw new Error(notRunning(DEFAULT_URL));
  if (token === undefined) throw new Error(`There is no token for ${baseUrl}. Set NUBABEL_DEV_TOKEN.`);
  return { baseUrl, token };
}

/** What to say when nobody answers there. */
export const notRunning = (baseUrl: string): string => `Nubabel is not running at ${baseUrl}. Start it with npm start.`;
