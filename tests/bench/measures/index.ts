import type { Measure } from '../bench.ts';
import { approvals } from './approvals.ts';
import { endurance } from './endurance.ts';
import { eventDelivery } from './event-delivery.ts';
import { firstAnswer } from './first-answer.ts';
import { manySteps } from './many-steps.ts';
import { moreAgents } from './more-agents.ts';
import { npmStart } from './npm-start.ts';
import { organizations } from './organizations.ts';
import { routing } from './routing.ts';
import { slackAcknowledgement } from './slack-acknowledgement.ts';
import { slackSteps } from './slack-steps.ts';
import { throughput } from './throughput.ts';
import { wholeRequest } from './whole-request.ts';
import { workerStart } from './worker-start.ts';

/** Every measure by the name that `--only` takes; those without a stage go first, while the machine is quiet. */
export const MEASURES: Readonly<Record<string, Measure>> = {
  'npm-start': npmStart,
  routing,
  approvals,
  'whole-request': wholeRequest,
  'first-answer': firstAnswer,
  'slack-steps': slackSteps,
  'slack-ack': slackAcknowledgement,
  events: eventDelivery,
  agents: moreAgents,
  steps: manySteps,
  throughput,
  organizations,
  endurance,
  'worker-start': workerStart,
};
