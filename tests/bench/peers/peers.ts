import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RunningChild } from '../../../dev/child.ts';
import { anyFreePort } from '../../../dev/ports.ts';
import { makeFolder, runChild } from '../stage/children.ts';
import type { Stage } from '../stage/stage.ts';

/** Exact, so that a figure says what it is of; the programs run from the folder in which these are installed. */
const VERSIONS = {
  '@ai-sdk/anthropic': '4.0.105',
  '@hono/node-server': '2.1.8',
  '@langchain/anthropic': '1.5.11',
  '@langchain/core': '1.4.0',
  '@langchain/langgraph': '1.7.3',
  '@langchain/langgraph-checkpoint-postgres': '1.0.5',
  '@mastra/core': '1.71.0',
  '@mastra/pg': '1.27.1',
  hono: '4.13.19',
  pg: '8.23.1',
  zod: '4.6.7',
} as const;

export const PEERS = {
  LangGraph: { program: 'langgraph.mjs', version: VERSIONS['@langchain/langgraph'] },
  Mastra: { program: 'mastra.mjs', version: VERSIONS['@mastra/core'] },
} as const;
export type PeerName = keyof typeof PEERS;

/** A peer's program as a process of its own, with a database of its own on the server of the stage. */
export interface Peer {
  readonly name: PeerName;
  readonly version: string;
  pid(): number;
  readonly database: string;
  /** Lines of its program that are neither blank nor a comment. */
  readonly lines: number;
  /** `POST` with a JSON body. @throws when the answer is not 2xx. */
  post(path: string, body: unknown): Promise<PeerJob>;
  get(path: string): Promise<PeerJob>;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same database; resolves when it answers. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface PeerJob {
  readonly id: string;
  readonly status: string;
}

/** Installs what the peers need in a folder that is gone with the bench; asks the registry. Answers the folder. */
export async function installPeers(): Promise<string> {
  const folder = makeFolder();
  const manifest = { private: true, type: 'module', dependencies: VERSIONS };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  for (const { program } of Object.values(PEERS))
    await copyFile(new URL(program, import.meta.url), join(folder, program));
  const npm = await runChild({
    name: 'npm install',
    command: 'npm',
    args: ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
    cwd: folder,
    logFile: join(folder, 'npm.log'),
  });
  const ended = await npm.exited;
  if (ended !== 'exit code 0') throw new Error(`The peers cannot be installed (${ended}).\n${npm.recentOutput()}`);
  return folder;
}

/** Starts one peer beside the product, with the model of the stage. */
export async function openPeer(stage: Stage, folder: string, name: PeerName): Promise<Peer> {
  const { program, version } = PEERS[name];
  const port = await anyFreePort();
  const url = `http://127.0.0.1:${port}`;
  const database = `peer_${name.toLowerCase()}`;
  await stage.database.look(`create database ${database}`);
  const databaseUrl = new URL(stage.database.adminUrl);
  databaseUrl.pathname = database;
  const { PATH, HOME, ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL } = stage.env;
  const env = { PATH, HOME, ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, DATABASE_URL: databaseUrl.href, PORT: String(port) };
  const start = () =>
    runChild({
      name,
      command: process.execPath,
      args: [program],
      env: { ...env, NODE_ENV: 'production' },
      cwd: folder,
      logFile: join(folder, `${program}.log`),
      readyWhen: () =>
        fetch(url).then(
          () => true,
          () => false,
        ),
      stopWithinMs: 2_000,
    });
  let child: RunningChild = await start();
  const call = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${url}${path}`, init);
    if (!answer.ok) throw new Error(`${name} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as PeerJob;
  };
  return {
    name,
    version,
    pid: () => child.pid,
    database,
    lines: linesOf(await readFile(join(folder, program), 'utf8')),
    post: (path, body) => call(path, { method: 'POST', body: JSON.stringify(body) }),
    get: (path) => call(path),
    kill: async () => {
      child.kill();
      await child.exited;
    },
    start: async () => {
      child = await start();
    },
    close: async () => {
      await child.stop();
      await stage.database.look(`drop database ${database} with (force)`);
    },
  };
}

const linesOf = (text: string): number =>
  text.split('\n').filter((line) => line.trim() !== '' && !/^\s*(\/\/|\/?\*)/.test(line)).length;
