import { createInterface } from 'node:readline/promises';
import type { Api } from '../web/api/client.ts';
import type { Approval } from '../contracts/approval.ts';
import { approvalLines } from './ask-lines.ts';
import type { Screen } from './ask-screen.ts';

interface QuestionDeps {
  readonly api: Pick<Api, 'approve' | 'cancel'>;
  readonly screen: Screen;
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly consoleUrl: string;
  /** Ctrl-C while the question stands. */
  readonly onInterrupt: () => void;
}

/** Puts an approval to the person at the terminal; `signal` aborts once somebody else answered or time ran out. */
export async function askApproval(deps: QuestionDeps, jobId: string, approval: Approval, signal: AbortSignal) {
  const { api, screen, input, output, onInterrupt } = deps;
  for (const line of approvalLines(approval, Date.now())) screen.line(line);
  if (!input.isTTY || !output.isTTY) {
    screen.line(`   Answer it in the console: ${deps.consoleUrl}/?job=${encodeURIComponent(jobId)}`);
    return;
  }
  const terminal = createInterface({
    input,
    output,
    signal,
    prompt: '   Type APPROVE to proceed or CANCEL to abort: ',
  });
  terminal.on('SIGINT', onInterrupt);
  try {
    terminal.prompt();
    for await (const answer of terminal) {
      const verdict = toVerdict(answer);
      if (verdict) {
        await api[verdict](jobId, { approvalId: approval.id, hash: approval.hash });
        return;
      }
      terminal.prompt();
    }
  } catch (error) {
    if (!signal.aborted) screen.line(`   ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    terminal.close();
  }
}

/** Reads an answer in English or Korean. */
export function toVerdict(answer: string): 'approve' | 'cancel' | undefined {
  const word = answer.trim().toLowerCase();
  if (word === 'approve' || word === '승인') return 'approve';
  return word === 'cancel' || word === '취소' ? 'cancel' : undefined;
}
