import type { AgentDefinition, AgentId, Tier } from '../../contracts/agents.ts';
import type { Approval } from '../../contracts/approval.ts';
import type { AggregatedResult } from '../../contracts/orchestration.ts';
import { createPriceTable } from '../../domain/models/prices.ts';
import type { Step } from '../../db/queries/steps.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';

const AT = new Date('2026-11-21T10:00:00Z');

/** An orchestration's row as it is right after it was accepted. */
export const sampleOrchestration = (changes: Partial<Orchestration> = {}): Orchestration => ({
  organization_id: '11111111-1111-4111-8111-111111111111',
  id: '22222222-2222-4222-8222-222222222222',
  session_id: '33333333-3333-4333-8333-333333333333',
  user_id: '44444444-4444-4444-8444-444444444444',
  source: 'slack',
  message: 'Draft a launch tweet',
  options: {},
  refusal: null,
  language: 'en',
  category: null,
  status: 'pending',
  progress: 0,
  step: 'Received',
  version: 1,
  local_route: null,
  analysis: null,
  route: null,
  approval: null,
  result: null,
  error: null,
  plan_decision: null,
  receipt: null,
  cancel_asked_at: null,
  left_out: null,
  demo: false,
  slack_team_id: 'TDEMO',
  slack_channel_id: 'C_LAUNCH',
  slack_thread_ts: '1700000000.000100',
  slack_message_ts: '1700000000.000100',
  quotes_others: false,
  edited_message: null,
  message_deleted_at: null,
  plan_tainted: false,
  created_at: AT,
  started_at: null,
  finished_at: null,
  ...changes,
});

export const sampleAgent = (agent: AgentId, changes: Partial<Step> = {}): Step => ({
  organization_id: '11111111-1111-4111-8111-111111111111',
  orchestration_id: '22222222-2222-4222-8222-222222222222',
  id: agent,
  agent,
  kind: 'agent',
  title: '',
  instruction: '',
  category: null,
  tool: null,
  needs: [],
  condition: null,
  risk: 'read',
  phase: 1,
  revision: 0,
  estimate: null,
  turn_key: `agent:${agent}`,
  position: 0,
  relevance: 1,
  status: 'pending',
  model: null,
  confidence: null,
  reason: null,
  cost_nanos: 0,
  tainted: false,
  started_at: null,
  finished_at: null,
  ...changes,
});

export const sampleResult = (changes: Partial<AggregatedResult> = {}): AggregatedResult => ({
  primary_result: 'Here is the tweet.',
  supporting_insights: [],
  confidence_score: 0.8,
  aggregation_method: 'weighted_merge',
  agents_used: ['marketing'],
  execution_time_ms: 1_000,
  primary_agent: 'marketing',
  models_used: ['claude-sonnet-5-5'],
  missing_agents: [],
  ...changes,
});

export const sampleApproval = (changes: Partial<Approval> = {}): Approval => ({
  id: 'approval-1',
  hash: 'hash-1',
  kind: 'cost',
  expiresAt: '2026-11-21T10:10:00.000Z',
  policy: { roles: ['admin'], asker: true, thresholdCents: 100 },
  plan: {
    agents: [{ agent: 'marketing', relevance: 1 }],
    mode: 'parallel',
    estimatedCents: 120,
    worstCaseCents: 400,
    question: 'Type APPROVE to proceed or CANCEL to abort',
  },
  ...changes,
});

export const MODELS: Readonly<Record<Tier, string>> = {
  fast: 'claude-haiku-5-5',
  balanced: 'claude-sonnet-5-5',
  deep: 'claude-opus-5-5',
};
export const PRICES = createPriceTable(Object.values(MODELS));

export const sampleDefinition = (id: AgentId, tier: Tier = 'balanced', prompt = `You are ${id}.`): AgentDefinition => ({
  id,
  name: id,
  description: `Does what ${id} does`,
  category: 'quick',
  tier,
  tools: [],
  skills: [],
  prompt,
});

export const sampleAgents = (...definitions: AgentDefinition[]): ReadonlyMap<AgentId, AgentDefinition> =>
  new Map(definitions.map((definition) => [definition.id, definition]));
