import type { Measure } from '../bench.ts';
import { approvals } from './approvals.ts';
import { endurance } from './endurance.ts';
import { eventDelivery } from './event-delivery.ts';
import { firstAnswer } from './first-answer.ts';
import { growth } from './growth.ts';
import { keyPool } from './key-pool.ts';
import { manySteps } from './many-steps.ts';
import { moreAgents } from './more-agents.ts';
import { noisyNeighbour } from './noisy-neighbour.ts';
import { npmStart } from './npm-start.ts';
import { peers } from './peers.ts';
import { plans } from './plans.ts';
import { organizations } from './organizations.ts';
import { routing } from './routing.ts';
import { slackAcknowledgement } from './slack-acknowledgement.ts';
import { slackSteps } from './slack-steps.ts';
import { throughput } from './throughput.ts';
import { tools } from './tools.ts';
import { waiting } from './waiting.ts';
import { wholeRequest } from './whole-request.ts';
import { workerStart } from './worker-start.ts';

/** Every measure by the name that `--only` takes; what matters most comes first, in case the time runs out. */
export const MEASURES: Readonly<Record<string, Measure>> = {
  routing,
  'whole-request': wholeRequest,
  throughput,
  'first-answer': firstAnswer,
  'slack-ack': slackAcknowledgement,
  'slack-steps': slackSteps,
  events: eventDelivery,
  agents: moreAgents,
  steps: manySteps,
  plans,
  tools,
  approvals,
  organizations,
  'noisy-neighbour': noisyNeighbour,
  'key-pool': keyPool,
  endurance,
  'worker-start': workerStart,
  'npm-start': npmStart,
  waiting,
  growth,
};

/** `--peers`: asks the registry and takes minutes, so it is no part of a run of everything. */
export const PEER_MEASURES: Readonly<Record<string, Measure>> = { peers };
