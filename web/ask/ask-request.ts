import type { AgentId, Category } from '../../contracts/agents.ts';
import type { OrchestrateRequest } from '../../contracts/orchestration.ts';

/** What a person has chosen in the ask box. */
export interface Draft {
  readonly message: string;
  readonly agents: readonly AgentId[];
  readonly category: Category | undefined;
  readonly requireApproval: boolean;
  readonly plan: Planning;
  readonly dryRun: boolean;
}

/** Whether a plan is made first. */
export const PLANNING = ['auto', 'always', 'never'] as const;
type Planning = (typeof PLANNING)[number];

export const emptyDraft = (message = ''): Draft => ({
  message,
  agents: [],
  category: undefined,
  requireApproval: false,
  plan: 'auto',
  dryRun: false,
});

/** The request of a draft; what was left open is left out, so that the server decides it. */
export function toRequest(draft: Draft, sessionId: string | undefined): OrchestrateRequest {
  return {
    message: draft.message.trim(),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(draft.category === undefined ? {} : { category: draft.category }),
    ...(draft.agents.length === 0 ? {} : { agents: [...draft.agents] }),
    ...(draft.requireApproval ? { requireApproval: true } : {}),
    ...(draft.plan === 'auto' ? {} : { plan: draft.plan }),
    ...(draft.dryRun ? { dryRun: true } : {}),
  };
}

/**
 * Gives each request its idempotency key: the same key while the same request is tried again, a new one once it was
 * accepted or anything in it changed.
 */
export function createKeyring(newKey: () => string = randomKey) {
  let last: { request: string; key: string } | undefined;
  return {
    keyed(request: OrchestrateRequest): OrchestrateRequest {
      const asText = JSON.stringify(request);
      if (last?.request !== asText) last = { request: asText, key: newKey() };
      return { ...request, idempotencyKey: last.key };
    },
    accepted(): void {
      last = undefined;
    },
  };
}

/** 128 random bits. `randomUUID` would do, but browsers withhold it from pages served over plain http. */
const randomKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
