import { createInterface } from 'node:readline/promises';
import type { Api } from '../web/api/client.ts';
import { parseAnswer } from '../contracts/answer-words.ts';
import type { Approval, Choice } from '../contracts/approval.ts';
import { approvalLines, type Screen } from './ask-lines.ts';

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
    prompt: `   ${promptFor(approval)}: `,
  });
  terminal.on('SIGINT', onInterrupt);
  try {
    terminal.prompt();
    for await (const answer of terminal) {
      const meant = toAnswer(answer, approval.choices);
      if (meant) {
        const { verdict, choice } = meant;
        await api[verdict](jobId, { approvalId: approval.id, hash: approval.hash, ...(choice && { choice }) });
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

interface Answer {
  readonly verdict: 'approve' | 'cancel';
  readonly choice?: Choice;
}

/** Of these a plain yes is an answer of its own beside the choices. */
const PLAIN_YES: readonly Approval['kind'][] = ['step', 'tool'];

function promptFor({ choices = [], kind }: Approval): string {
  if (choices.length === 0) return 'Type APPROVE to proceed or CANCEL to abort';
  const words = [...(PLAIN_YES.includes(kind) ? ['approve'] : []), ...choices];
  return `Type ${words.join(', ').toUpperCase()} or CANCEL to abort`;
}

/** Reads an answer in English or Korean as every face does; only the choices that are offered count. */
export function toAnswer(answer: string, choices: readonly Choice[] = []): Answer | undefined {
  const word = parseAnswer(answer);
  return word && (word.choice === undefined || choices.includes(word.choice)) ? word : undefined;
}
