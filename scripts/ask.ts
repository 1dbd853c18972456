import { randomUUID } from 'node:crypto';
import type { JobStatus } from '../contracts/orchestration.ts';
import { createApi } from '../web/api/client.ts';
import { ApiProblemError, UnreachableError } from '../web/api/problem.ts';
import { followJob } from '../web/job/follow-job.ts';
import { loadEnvFile } from '../dev/env-file.ts';
import { findAddress, notRunning, type Address, parseArguments, type Arguments } from './ask-arguments.ts';
import { askApproval } from './ask-approval.ts';
import { answerLines, closingLines, createScreen } from './ask-lines.ts';
import { newsLines } from './ask-plan.ts';

const { stdin, stdout, stderr } = process;

/** Asks, shows the work live, and answers with the exit code: 0 done, 1 not done, 2 never started. */
async function main(): Promise<number> {
  const given = parseArguments(process.argv.slice(2));
  loadEnvFile();
  const address = findAddress(process.env);
  try {
    const status = await ask(given, address);
    if (given.json) stdout.write(`${JSON.stringify(status, undefined, 2)}\n`);
    else show(status);
    return status.status === 'completed' || status.status === 'partial' ? 0 : 1;
  } catch (error) {
    throw error instanceof UnreachableError ? new Error(notRunning(address.baseUrl)) : error;
  }
}

async function ask({ request }: Arguments, address: Address): Promise<JobStatus> {
  const api = createApi(address);
  const screen = createScreen(stderr);
  const keyed = { ...request, idempotencyKey: randomUUID() };
  // The key makes it safe to ask again when no answer came.
  const { jobId } = await api.orchestrate(keyed).catch((error: unknown) => {
    if (error instanceof UnreachableError) return api.orchestrate(keyed);
    throw error;
  });
  const interrupt = onInterrupt(() => {
    screen.line('Cancelling… press Ctrl-C again to leave without waiting.');
    api.cancel(jobId, {}).catch((error: unknown) => screen.line(sentence(error)));
  });
  let question: { readonly hash: string; readonly asking: AbortController } | undefined;
  const shown = new Set<string>();
  let lost = false;
  const deps = { api, screen, input: stdin, output: stderr, consoleUrl: address.baseUrl, onInterrupt: interrupt };
  const { status, error } = await followJob({
    api,
    jobId,
    signal: new AbortController().signal,
    onChange: ({ status, error }) => {
      if (error && !lost) screen.line(`${sentence(error)} Trying again; the work itself goes on.`);
      lost = error !== undefined;
      if (!status || lost) return;
      for (const line of newsLines(status)) {
        if (!shown.has(line)) screen.line(line);
        shown.add(line);
      }
      const { approval } = status;
      const waits = status.status === 'awaiting_approval' && approval && !approval.decision;
      if (question && (!waits || approval.hash !== question.hash)) {
        question.asking.abort();
        question = undefined;
      }
      if (!waits) screen.progress(status);
      else if (!question) {
        question = { hash: approval.hash, asking: new AbortController() };
        void askApproval(deps, jobId, approval, question.asking.signal);
      }
    },
  });
  screen.clear();
  if (!status || (error && !isOver(status))) throw error ?? new Error('The job could not be read.');
  return status;
}

/** The first Ctrl-C asks the server to cancel, the second leaves. */
function onInterrupt(cancel: () => void): () => void {
  let asked = false;
  const interrupt = () => {
    if (asked) process.exit(130);
    asked = true;
    cancel();
  };
  process.on('SIGINT', interrupt);
  return interrupt;
}

function show(status: JobStatus): void {
  for (const line of answerLines(status)) stdout.write(`${line}\n`);
  const closing = closingLines(status).join('\n');
  stdout.write(`${status.result ? '\n' : ''}${closing}\n`);
}

const isOver = ({ finishedAt }: JobStatus): boolean => finishedAt !== null;

function sentence(error: unknown): string {
  if (error instanceof ApiProblemError) {
    const details = (error.problem.errors ?? []).map(({ path, message }) => `\n  ${path}: ${message}`);
    return `${error.message}${details.join('')}`;
  }
  return error instanceof Error ? error.message : String(error);
}

process.exitCode = await main().catch((error: unknown) => {
  stderr.write(`${sentence(error)}\n`);
  return 2;
});
