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
  readonly blocks: number;
  readonly perBlock: number;
  readonly organizations: number;
  readonly perOrganizationRound: number;
  readonly starts: number;
  readonly idleSeconds: number;
}

export const FULL: Size = {
  rounds: 3,
  warmUp: 40,
  oneCaller: 50,
  manyCallers: 300,
  callers: 100,
  firstAnswers: 60,
  slackEventSeconds: 8,
  slackRuns: 5,
  deliverySeconds: 5,
  streams: 500,
  approvals: 1_000,
  agentRuns: 20,
  stepRuns: 6,
  blocks: 6,
  perBlock: 200,
  organizations: 50,
  perOrganizationRound: 200,
  starts: 3,
  idleSeconds: 10,
};

export const QUICK: Size = {
  rounds: 3,
  warmUp: 15,
  oneCaller: 10,
  manyCallers: 100,
  callers: 100,
  firstAnswers: 15,
  slackEventSeconds: 2,
  slackRuns: 2,
  deliverySeconds: 2,
  streams: 500,
  approvals: 200,
  agentRuns: 5,
  stepRuns: 2,
  blocks: 3,
  perBlock: 60,
  organizations: 50,
  perOrganizationRound: 60,
  starts: 3,
  idleSeconds: 5,
};
