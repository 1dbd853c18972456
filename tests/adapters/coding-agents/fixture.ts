import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ToolResult } from '../../../contracts/tools.ts';
import type { AgentStart } from '../../fakes/coding-agents/fake-agent.ts';
import { createDelegation, type DelegationDeps } from '../../../adapters/coding-agents/index.ts';
import type { Delegation, DelegationCall } from '../../../domain/delegation/delegation-port.ts';

const FAKES = fileURLToPath(new URL('../../fakes/coding-agents/', import.meta.url));

/** A machine with both command lines on its PATH, for one test. */
export interface AgentsOnAMachine {
  readonly delegation: Delegation;
  readonly dir: string;
  readonly workspaces: string;
  /** What `onLog` was given, batch by batch. */
  readonly batches: string[][];
  call(
    tool: string,
    prompt: string,
    more?: Record<string, unknown>,
    options?: Partial<DelegationCall>,
  ): Promise<ToolResult>;
  /** How the fakes were started. */
  starts(): AgentStart[];
  /** Everybody at work in the folder of a run, by the numbers of this machine; the first one of them is the boundary's own. */
  atWork(key?: string): number[];
  close(): Promise<void>;
}

export function openAgents(given: Partial<DelegationDeps> = {}): AgentsOnAMachine {
  const dir = mkdtempSync(join(tmpdir(), 'nubabel-delegate-'));
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  symlinkSync(join(FAKES, 'claude.ts'), join(bin, 'claude'));
  symlinkSync(join(FAKES, 'cursor-agent.ts'), join(bin, 'cursor-agent'));
  const { env, ...more } = given;
  const batches: string[][] = [];
  const delegation = createDelegation({
    sidecarUrl: undefined,
    sidecarTimeoutMs: 30_000,
    claudeCodeCommand: undefined,
    cursorCommand: undefined,
    timeoutMs: 30_000,
    allowedHosts: [],
    env: {
      PATH: [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
      HOME: dir,
      LANG: 'C.UTF-8',
      ...env,
    },
    dataDir: join(dir, 'data'),
    onError: (error) => {
      throw error;
    },
    graceMs: 300,
    logEveryMs: 20,
    ...more,
  });
  return {
    delegation,
    dir,
    workspaces: join(dir, 'data', 'workspaces'),
    batches,
    call: (tool, prompt, args = {}, options = {}) =>
      delegation.call(
        tool,
        { prompt, ...args },
        {
          signal: new AbortController().signal,
          timeoutMs: 30_000,
          workspaceKey: 'run-1',
          organizationId: 'acme',
          onLog: (lines) => void batches.push([...lines]),
          ...options,
        },
      ),
    starts: () => startsBelow(join(dir, 'data')),
    atWork: (key = 'run-1') => processesIn(join(dir, 'data', 'workspaces', key)),
    async close() {
      await delegation.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Whether a process is there and does anything: one that has ended and waits for its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
  return !/\) [ZX] /.test(stat);
}

/** How the fakes were started that have worked below this data folder, each in a home of its own. */
export const startsBelow = (dataDir: string): (AgentStart & { readonly key: string })[] =>
  globSync('workspaces/.homes/*/.fake-coding-agents.jsonl', { cwd: dataDir }).flatMap((journal) =>
    readFileSync(join(dataDir, journal), 'utf8')
      .trim()
      .split('\n')
      .map((line) => ({ ...(JSON.parse(line) as AgentStart), key: basename(dirname(journal)) })),
  );

/** Processes that work in this folder, by whatever name they know it. */
export function processesIn(folder: string): number[] {
  const wanted = statSync(folder, { throwIfNoEntry: false })?.ino;
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && isAlive(pid) && statSync(`/proc/${pid}/cwd`).ino === wanted;
      } catch {
        return false;
      }
    });
}
