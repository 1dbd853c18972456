import { approveShown } from '../support/approvals.ts';
import type { PlanStep } from '../../contracts/plan.ts';
import type { ModelRequest, Reply, Responder } from '../../dev/fakes/model/index.ts';
import type { Nubabel } from '../support/nubabel.ts';
import { analysisReply, askerOf } from '../support/replies.ts';

/** How the model of a story behaves; a list is used up turn by turn, its last one again and again. */
export interface Script {
  readonly plans?: readonly (readonly PlanStep[] | Reply)[];
  readonly diagnoses?: readonly ('retry' | 'ask' | 'stop')[];
  /** What an agent does at its nth turn; answers unless told. */
  readonly agent?: (name: string, nth: number) => Reply | undefined;
}

/** A step of Engineering's. */
export const planned = (id: string, changes: Partial<PlanStep> = {}): PlanStep => ({
  id,
  kind: 'agent',
  title: `Work on part ${id}`,
  instruction: `Write everything that is known about part ${id}.`,
  agent: 'engineering',
  category: null,
  tool: null,
  needs: [],
  when: null,
  risk: 'read',
  ...changes,
});

export const REFUSED: Reply = { error: { status: 400, type: 'invalid_request_error', message: 'No.' } };
/** Long enough for a person to say something meanwhile. */
export const SLOWLY: Reply = { text: 'It has been answered.\nCONFIDENCE: 0.8', delayMs: 2_500 };

export function scripted({ plans = [], diagnoses = [], agent }: Script): Responder {
  const turns = new Map<string, number>();
  const nth = (name: string) => turns.set(name, (turns.get(name) ?? 0) + 1).get(name) ?? 1;
  const turnOf = <T>(list: readonly T[], name: string) => list[nth(name) - 1] ?? list.at(-1);
  return (request) => {
    const role = roleOf(request);
    if (role === 'analysis') return analysisReply({ agents: [{ agent: 'engineering', relevance: 1 }] });
    if (role === 'planner') {
      const plan = turnOf(plans, role) ?? [];
      return 'at' in plan ? { json: { goal: 'Get every part of it done', steps: plan } } : plan;
    }
    if (role === 'diagnosis') {
      const action = turnOf(diagnoses, role) ?? 'stop';
      return { json: { rootCause: 'It was unclear.', action, change: 'Be clearer.', agent: null } };
    }
    return agent?.(role, nth(role)) ?? { text: `${role} has answered.\nCONFIDENCE: 0.8` };
  };
}

function roleOf(request: ModelRequest): string {
  if (request.system.startsWith('You plan one request')) return 'planner';
  if (request.system.startsWith('You find out why')) return 'diagnosis';
  return askerOf(request);
}

/** A POST of JSON as the developer; it has to be taken. */
export async function post(nubabel: Nubabel, path: string, body: unknown = {}, method = 'POST'): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await nubabel.request(path, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

/** Asks for a plan. */
export async function askPlanned(nubabel: Nubabel): Promise<string> {
  return (await nubabel.ask('Plan the launch', { plan: 'always' })).jobId;
}

/** Resolves when a question of this kind waits, and none before it. */
export const untilAsked = (nubabel: Nubabel, jobId: string, kind: string) =>
  nubabel.jobWhen(
    jobId,
    ({ status, approval }) => status === 'awaiting_approval' && approval?.kind === kind && !approval.decision,
  );

/** Answers the question of a kind once it waits. */
export async function answer(nubabel: Nubabel, jobId: string, kind: string, body: object = {}): Promise<void> {
  await untilAsked(nubabel, jobId, kind);
  const answered = await approveShown(nubabel, jobId, body);
  if (!answered.ok) throw new Error(`${jobId}: ${answered.status} ${await answered.text()}`);
}

const NOT_AGENTS = ['analysis', 'planner', 'diagnosis'];

/** Resolves when agents have been asked so many times. */
export const untilAgentWorks = (nubabel: Nubabel, nth = 1): Promise<void> =>
  nubabel.model.waitForRequests(1).then(() => untilMany(nubabel, nth));

async function untilMany(nubabel: Nubabel, nth: number): Promise<void> {
  for (let seen = 1; ; seen++) {
    const requests = await nubabel.model.waitForRequests(seen, 30_000);
    if (requests.filter((request) => !NOT_AGENTS.includes(roleOf(request))).length >= nth) return;
  }
}
