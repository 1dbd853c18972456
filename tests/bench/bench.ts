import { openBare, type Bare } from './bare/bare.ts';
import { inTurn } from './client/callers.ts';
import { follow } from './client/follower.ts';
import { ask } from './client/rest.ts';
import type { Row } from './report/row.ts';
import type { Size } from './size.ts';
import { openStage, type Stage } from './stage/stage.ts';
import { makeTenant } from './stage/tenant.ts';
import type { Servers } from './stage/servers.ts';

/** What a measure works with. */
export interface Bench {
  readonly size: Size;
  readonly servers: Servers;
  tell(line: string): void;
  /** The warm stage that most measures share; opened by the first of them. */
  stage(): Promise<Stage>;
  /** Bare workflows on the server of that stage. */
  bare(): Promise<Bare>;
  /** A stage that nothing has run on, for a measure of memory; the caller closes it. */
  freshStage(): Promise<Stage>;
  close(): Promise<void>;
}

export type Measure = (bench: Bench) => Promise<readonly Row[]>;

interface BenchInput {
  readonly size: Size;
  readonly servers: Servers;
  readonly tell: (line: string) => void;
  readonly profile: string | undefined;
}

export function createBench({ size, servers, tell, profile }: BenchInput): Bench {
  let shared: Promise<Stage> | undefined;
  let bare: Promise<Bare> | undefined;
  const stage = () => (shared ??= openStage(servers, profile).then((opened) => warm(opened, size)));
  return {
    size,
    servers,
    tell,
    stage,
    bare: () =>
      (bare ??= stage()
        .then(openBare)
        .then((opened) => warmBare(opened, size))),
    freshStage: () => openStage(servers),
    close: async () => {
      await bare?.then((opened) => opened.close());
      await shared?.then((opened) => opened.close());
    },
  };
}

async function warm(stage: Stage, { warmUp }: Size): Promise<Stage> {
  const tenant = await makeTenant(stage);
  const follower = await follow(stage, tenant);
  const { errors } = await inTurn(warmUp, 4, async () => follower.completed(await ask(stage, tenant)));
  follower.close();
  if (errors.length > 0) throw new Error(`The product does not work: ${errors[0]}`);
  return stage;
}

async function warmBare(bare: Bare, { warmUp }: Size): Promise<Bare> {
  const input = { analyze: true, agents: 3, reporting: true };
  await bare.run({ count: warmUp, callers: 4, workflow: 'bareWorkflow', input });
  return bare;
}
