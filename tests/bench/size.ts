/** How much is measured: what bounds the bench in count and so in time. */
export interface Size {
  readonly rounds: number;
  readonly warmUp: number;
  readonly oneCaller: number;
  readonly manyCallers: number;
  readonly callers: number;
  readonly firstAnswers: number;
  readonly slackEventSeconds: number;
  readonly slackRuns: number;
  readonly deliverySeconds: number;
  readonly streams: number;
  readonly approvals: number;
  readonly agentRuns: number;
  readonly stepRuns: number;
  readonly planRuns: number;
  readonly waiting: number;
  readonly blocks: number;
  readonly perBlock: number;
  readonly organizations: number;
  readonly perOrganizationRound: number;
  readonly starts: number;
  readonly idleSeconds: number;
  /** Finished requests in a house that is measured beside an empty one. */
  readonly filled: number;
  /** Jobs at many callers, beside peers. */
  readonly peerJobs: number;
}

export const FULL: Size = {
  rounds: 3,
  warmUp: 40,
  oneCaller: 40,
  manyCallers: 240,
  callers: 100,
  firstAnswers: 60,
  slackEventSeconds: 6,
  slackRuns: 5,
  deliverySeconds: 4,
  streams: 500,
  approvals: 1_000,
  agentRuns: 20,
  stepRuns: 6,
  planRuns: 6,
  waiting: 10_000,
  blocks: 6,
  perBlock: 200,
  organizations: 50,
  perOrganizationRound: 150,
  starts: 3,
  idleSeconds: 10,
  filled: 1_000_000,
  peerJobs: 120,
};

export const QUICK: Size = {
  rounds: 3,
  warmUp: 12,
  oneCaller: 8,
  manyCallers: 60,
  callers: 100,
  firstAnswers: 10,
  slackEventSeconds: 1.5,
  slackRuns: 2,
  deliverySeconds: 2,
  streams: 500,
  approvals: 100,
  agentRuns: 4,
  stepRuns: 2,
  planRuns: 2,
  waiting: 300,
  blocks: 3,
  perBlock: 40,
  organizations: 50,
  perOrganizationRound: 40,
  starts: 2,
  idleSeconds: 4,
  filled: 50_000,
  peerJobs: 60,
};
