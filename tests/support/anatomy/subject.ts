import { setTimeout as pause } from 'node:timers/promises';
import { demoWorkspace, type FakeSlackOptions } from '../../../dev/fakes/slack/index.ts';
import { DEFAULT_ORGANIZATION_ID, hashToken } from '../../../domain/organizations/organizations.ts';
import { createFakeMcp, type FakeMcp } from '../../fakes/mcp/index.ts';
import { eventually } from '../eventually.ts';
import { startNubabel, type Nubabel, type NubabelOptions } from '../nubabel.ts';
import { connect, setPolicy, toolEnv } from '../tools.ts';
import { openJobWatch, type JobWatch } from './job-watch.ts';
import { openStatementMeter, type StatementMeter } from './statement-meter.ts';
import { readWorkflowState } from './workflow-state.ts';

/** A product whose requests are looked into: all that its processes ask of Postgres is counted on the way. */
export interface Subject {
  readonly nubabel: Nubabel;
  readonly meter: StatementMeter;
  readonly watch: JobWatch;
  /**
   * Whether one thing happens after the other: then the counts follow from the request alone and not from who is fast or
   * slow. Otherwise a request goes as fast as it can.
   */
  isPaced: boolean;
  /**
   * Resolves when a job's workflow has nothing to do but to wait for so many model calls that are held back, and nobody
   * asks Postgres anything.
   */
  quiet(jobId: string, heldCalls?: () => number): Promise<void>;
  /** Resolves when people see that a job has ended. @throws when it did not complete whole. */
  ended(jobId: string): Promise<void>;
  /** Resolves when also everything that follows from its end is done and written down. */
  settled(jobId: string): Promise<void>;
  close(): Promise<void>;
}

export const PERSON = 'U_ADA';
export const CHANNEL = 'C_LAUNCH';
/** Of the server whose tools are called. */
export const PROVIDER = 'bench';

const TOOLS = [
  { name: 'look', description: 'Looks something up.', annotations: { readOnlyHint: true } },
  { name: 'change', description: 'Changes something.', annotations: { destructiveHint: false } },
];
/** A mention is one event: what its twin costs is another matter. */
const SLACK: FakeSlackOptions = { limits: 'off', alsoMessageEvent: false, workspaces: [demoWorkspace()] };
/** Far more than is spent here, so that money asks no questions and warns nobody. */
const PLENTY_CENTS = '100000000000';
const MONEY = {
  DEFAULT_DAILY_BUDGET_CENTS: PLENTY_CENTS,
  DEFAULT_ORG_MONTHLY_BUDGET_CENTS: PLENTY_CENTS,
  APPROVAL_THRESHOLD_CENTS: PLENTY_CENTS,
};

/** Opens a product of its own with a counter between its processes and Postgres. */
export async function openSubject(options: NubabelOptions = {}): Promise<Subject> {
  const env = { ...toolEnv(), ...MONEY, ...options.env };
  const nubabel = await startNubabel({ slack: SLACK, ...options, env });
  const { appUrl, adminUrl } = nubabel.database;
  const marks = [DEFAULT_ORGANIZATION_ID, hashToken(nubabel.token), demoWorkspace().teamId];
  const [meter, server, watch] = await Promise.all([
    openStatementMeter(appUrl, marks),
    createFakeMcp({ tools: TOOLS }),
    openJobWatch(adminUrl),
  ]);
  const close = async () => {
    await watch.close();
    await nubabel.close();
    await Promise.all([meter.close(), server.close()]);
  };
  try {
    await nubabel.restart('api', { DATABASE_URL: meter.urls.api });
    await nubabel.restart('worker', { DATABASE_URL: meter.urls.worker });
    await connectTools(nubabel, server);
  } catch (error) {
    await close();
    throw error;
  }
  return describeSubject({ nubabel, meter, watch, close });
}

/** Tools that nobody has to approve. */
async function connectTools(nubabel: Nubabel, { url }: FakeMcp): Promise<void> {
  await connect(nubabel, { provider: PROVIDER, name: 'Bench', url, trusted: true, auth: { kind: 'none' } });
  await setPolicy(nubabel, { risks: [], untrusted: false });
}

const FINAL = `select status, error from orchestrations
  where id = $1 and status in ('completed', 'partial', 'failed', 'cancelled', 'expired')`;

function describeSubject(opened: Pick<Subject, 'nubabel' | 'meter' | 'watch' | 'close'>): Subject {
  const { nubabel, meter, watch } = opened;
  const stateOf = (jobId: string) => readWorkflowState(nubabel.temporal, nubabel.workflowId(jobId));
  const subject: Subject = {
    ...opened,
    isPaced: true,
    quiet: async (jobId, heldCalls = () => 0) => {
      if (!subject.isPaced) return;
      await eventually(`the work of ${jobId} to wait`, async () => {
        const state = await stateOf(jobId);
        return state?.isRunning && !state.hasTask && state.activities.length === heldCalls() && isStill(meter);
      });
    },
    ended: async (jobId) => {
      const { status, error } = await watch.until<{ status: string; error: unknown }>('an end', FINAL, [jobId]);
      if (status !== 'completed') throw new Error(`The job ended ${status}: ${JSON.stringify(error)}`);
    },
    settled: async (jobId) => {
      await subject.ended(jobId);
      await eventually(`the end of ${jobId}`, async () => (await stateOf(jobId))?.isRunning === false);
      const handedOver = 'select 1 from inbox where orchestration_id = $1 having bool_and(handed_over_at is not null)';
      await watch.until('the receipt', handedOver, [jobId]);
      await eventually('nobody to ask Postgres', () => isStill(meter));
    },
  };
  return subject;
}

/** Whoever has been told of something asks within this. */
const STILL_MS = 60;

/** Nothing is asked, nor asked within a moment: what one process tells another takes its way. */
async function isStill(meter: StatementMeter): Promise<boolean> {
  const count = () => meter.since(0).filter(({ about }) => about !== 'background').length;
  const before = count();
  if (meter.isBusy()) return false;
  await pause(STILL_MS);
  return !meter.isBusy() && count() === before;
}
